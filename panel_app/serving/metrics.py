"""`/metrics` and `/health` on the app's server: the pipeline's metrics, and whether the app works.

`panel serve panel_app/app.py --plugins panel_app.serving.metrics`.
"""

import json
import re
import time
from typing import Final

from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST
from tornado.web import RequestHandler

from geo_pipeline.settings import Settings
from panel_app.data.store import unusable
from panel_app.pages.pipeline.pipeline_sections import OLD

_TAKEN: Final = re.compile(r"^geo_pipeline_snapshot_timestamp_seconds (\S+)$", re.MULTILINE)
_READABLE: Final = re.compile(r"^(geo_pipeline_publication_readable) .*$", re.MULTILINE)
_UP: Final = re.compile(r"^(geo_pipeline_code_location_up) .*$", re.MULTILINE)
_OF_SERVICES: Final = re.compile(r"^geo_pipeline_(?:daemon_healthy|tick_late)\{.*\n", re.MULTILINE)


class Metrics(RequestHandler):
    """Answers with the metrics file; 503 while there is none."""

    def get(self) -> None:
        """Send the figures."""
        settings = Settings()
        try:
            content = (settings.monitoring / "metrics.prom").read_text(encoding="utf-8")
        except (OSError, ValueError):
            self.set_status(503)
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            self.finish("no figures yet: they are written at the end of each run\n")
            return
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        self.set_header("Cache-Control", "no-store")
        self.finish(live(content, time.time(), readable=not unusable(settings.warehouse)))


class Health(RequestHandler):
    """Answers with a list of what keeps the app from showing anything, 503 unless it is empty."""

    def get(self) -> None:
        """Send the list."""
        found = unusable(Settings().warehouse)
        self.set_status(503 if found else 200)
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps(found))


def live(content: str, now: float, *, readable: bool) -> str:
    """Return written metrics with what is better known `now` (seconds since 1970).

    A sensor writes them: if they are old the sensor does not tick, so the code is unreachable.
    Nothing is known of daemons and other sensors then, and they have no sample.
    """
    content = _READABLE.sub(rf"\1 {float(readable)}", content)
    taken = _TAKEN.search(content)
    if taken is None or now - float(taken[1]) <= OLD.total_seconds():
        return content
    return _OF_SERVICES.sub("", _UP.sub(r"\1 0.0", content))


ROUTES = [("/metrics", Metrics), ("/health", Health)]
