# Each role of the image works once, at the end of a build. Fails where one does not.
set -eu
cd /  # what is installed is tried, not the sources beside it
export GEO_PIPELINE_HOME=/tmp/tried/home DAGSTER_HOME=/tmp/tried/home/dagster GEO_PIPELINE_OFFLINE=true

geo-pipeline dagster --prepare >/dev/null
geo-pipeline run --departements 31 >/dev/null
geo-pipeline status >/dev/null
geo-pipeline export bulletin --output /tmp/tried/bulletin.pdf >/dev/null
geo-pipeline export table --indicator swi --format xlsx --output /tmp/tried/table.xlsx >/dev/null
dagster definitions validate --module-name geo_pipeline.definitions >/dev/null

python - <<'ROLES'
import importlib
import pkgutil
from importlib.util import find_spec

import geo_pipeline
import panel_app

# What requirements-cluster.txt adds, and modules that are for it alone.
extras = ("celery", "dagster_celery", "dagster_k8s", "kombu")
absent = {name for name in extras if find_spec(name) is None}
for package in (geo_pipeline, panel_app):
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not module.name.endswith("__main__"):
            try:
                importlib.import_module(module.name)
            except ModuleNotFoundError as error:
                if error.name not in absent:
                    raise
for name in (*(each for each in extras if each not in absent),
             "dagster_webserver.app", "dagster._daemon.cli", "dagster._grpc.proxy_server",
             "dagster_postgres", "geo_pipeline.platform.postgres"):
    importlib.import_module(name)
ROLES
rm -r /tmp/tried
