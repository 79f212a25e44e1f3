"""The figures as the app hands them on, and whether it has anything to show."""

from pathlib import Path

from panel_app.data.store import unusable
from panel_app.serving.metrics import live

WRITTEN = """\
# TYPE geo_pipeline_snapshot_timestamp_seconds gauge
geo_pipeline_snapshot_timestamp_seconds 1000.0
geo_pipeline_publication_readable 1.0
geo_pipeline_code_location_up 1.0
geo_pipeline_daemon_healthy{daemon="sensor"} 1.0
geo_pipeline_daemon_heartbeat_timestamp_seconds{daemon="sensor"} 990.0
geo_pipeline_last_tick_timestamp_seconds{name="inbox",type="sensor"} 980.0
geo_pipeline_tick_late{name="inbox",type="sensor"} 0.0
# EOF
"""


def test_fresh_figures_are_handed_on_as_they_are() -> None:
    assert live(WRITTEN, 1000.0 + 600, readable=True) == WRITTEN


def test_old_figures_do_not_say_that_anything_works() -> None:
    """Who writes them is called by the code server: eleven minutes of silence are its death."""
    said = live(WRITTEN, 1000.0 + 660, readable=False).splitlines()
    assert "geo_pipeline_code_location_up 0.0" in said
    assert "geo_pipeline_publication_readable 0.0" in said
    assert not [line for line in said if "daemon_healthy" in line or "tick_late" in line]
    # Times stay true whenever they are read.
    assert 'geo_pipeline_last_tick_timestamp_seconds{name="inbox",type="sensor"} 980.0' in said
    assert said[-1] == "# EOF"


def test_a_publication_that_cannot_be_shown_has_a_reason(
    tmp_path: Path, published_home: Path
) -> None:
    assert unusable(tmp_path / "drought.duckdb") == ["nothing is published yet"]
    stump = tmp_path / "stump.duckdb"
    stump.write_bytes(b"x" * 4096)
    assert unusable(stump) == ["the publication cannot be read"]
    assert unusable(published_home / "published" / "drought.duckdb") == []
