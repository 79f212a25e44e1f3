"""`/metrics` on the app's server: the figures that the pipeline last wrote, as OpenMetrics text.

`panel serve panel_app/app.py --plugins panel_app.metrics`.
"""

from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST
from tornado.web import RequestHandler

from geo_pipeline.settings import Settings


class Metrics(RequestHandler):
    """Answers with the file of figures; 503 while there is none."""

    def get(self) -> None:
        """Send the figures."""
        try:
            content = (Settings().monitoring / "metrics.prom").read_bytes()
        except OSError:
            self.set_status(503)
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            self.finish("no figures yet: they are written at the end of each run\n")
            return
        self.set_header("Content-Type", CONTENT_TYPE_LATEST)
        self.set_header("Cache-Control", "no-store")
        self.finish(content)


ROUTES = [("/metrics", Metrics)]
