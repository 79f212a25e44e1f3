"""Past issues know no later day; figures of then by hand; the newest is the same both ways."""

import math
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats
from scipy.special import gammaln

from geo_pipeline import dekads
from geo_pipeline.commands.runs import run
from geo_pipeline.errors import UsageError
from geo_pipeline.places import EMBEDDED_DATA
from geo_pipeline.publishing.bulletin import issues
from geo_pipeline.publishing.bulletin.documents import Document
from geo_pipeline.publishing.bulletin.places import places
from geo_pipeline.publishing.bulletin.records import COMBINED, Records
from geo_pipeline.settings import Settings
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.words import LANGS
from tests.conftest import ignore

THEN = date(2022, 6, 20)
EARLY = date(2016, 8, 31)
NEWEST = date(2022, 12, 31)


@pytest.fixture(scope="module")
def records(small_home: Path) -> Iterator[Records]:
    with closing(Warehouse(Settings(home=small_home).warehouse)) as warehouse:
        yield Records(warehouse)


def files_of(records: Records, key: str, day: date, folder: Path) -> dict[str, bytes]:
    written = issues.write_issue(records, places()[key], day, LANGS, folder)
    return {path.name: path.read_bytes() for path in written}


# --- no later day -------------------------------------------------------------------------------


def test_a_past_issue_has_the_same_bytes_whatever_came_later(
    small_home: Path, records: Records, tmp_path: Path
) -> None:
    """Later weather is turned upside down, and what the publication says of any day is spoilt."""
    other = Path(shutil.copy(Settings(home=small_home).warehouse, tmp_path / "other.duckdb"))
    with closing(duckdb.connect(str(other))) as connection:
        connection.execute(
            """
            UPDATE weather_daily
            SET precip_mm = 30 - least(precip_mm, 30), et0_mm = et0_mm / 2, source = 'other'
            WHERE date > $day
            """,
            {"day": THEN},
        )
        connection.execute(
            "UPDATE drought_indicators SET value = 7, percentile = 3, drought_class = 'W2'"
        )
        connection.execute("UPDATE crop_statistics SET area_ha = 9 WHERE year >= 2022")
        connection.execute("UPDATE soil_outlook_past SET p10 = 0, p90 = 0, observed = 1")
        connection.execute("UPDATE outlook_skill SET crpss_climatology_low = -1")
        for table in ("soil_outlook_values", "departement_risk_values", "indicator_periods"):
            connection.execute(f"DELETE FROM {table} WHERE period_end <= '2022-12-01'")
        connection.execute(
            "INSERT INTO water_restrictions BY NAME (SELECT '32' AS departement, "
            "DATE '2022-06-21' AS date, 'crise' AS level_max)"
        )
    with closing(Warehouse(other)) as warehouse:
        changed = Records(warehouse)
        for key in ("32", "R76"):
            before = files_of(records, key, THEN, tmp_path / "before")
            assert len(before) == 5
            assert files_of(changed, key, THEN, tmp_path / "after") == before


OTHERWISE = re.compile(r"limits\.reissued|sources\.trace|crops")
"""That an issue is of the archive, where its figures are, and areas: the run has harvests of 2022,
which were not over then."""


@pytest.mark.drill
def test_a_past_issue_is_that_of_a_record_which_ends_then(records: Records, tmp_path: Path) -> None:
    """A home run until then alone finds the same in its newest issue, value for value."""
    home = Settings(home=tmp_path / "home", until=THEN)
    run(home, ["31", "32", "33"], ignore)
    with closing(Warehouse(home.warehouse)) as warehouse:
        ended = Records(warehouse)
        assert ended.newest == THEN
        for key in ("32", "R76", "FR"):
            past, newest = (
                issues.document(each, places()[key], THEN, "fr") for each in (records, ended)
            )
            assert told(past) == told(newest)
            pd.testing.assert_frame_equal(figures(past), figures(newest))


def told(document: Document) -> dict[str, str]:
    return {each.id: each.text for each in document.sentences if not OTHERWISE.match(each.id)}


def figures(document: Document) -> pd.DataFrame:
    claims = document.claims().drop(columns="as_known_on")
    return claims[~claims["sentence"].str.match(OTHERWISE)].reset_index(drop=True)


@pytest.mark.drill
def test_a_past_issue_has_the_same_bytes_from_a_lake_with_another_future(
    records: Records, tmp_path: Path
) -> None:
    """The same home run again from weather that is dry and hot after that day."""
    embedded = Path(shutil.copytree(EMBEDDED_DATA, tmp_path / "embedded"))
    path = embedded / "weather_dekadal.parquet"
    weather = pd.read_parquet(path)
    later = pd.to_datetime(weather["dekad_start"]) > pd.Timestamp(THEN)
    assert later.any()
    rain = next(name for name in weather.columns if name.startswith("precip"))
    weather.loc[later, rain] = 0.0
    weather.to_parquet(path)
    home = Settings(home=tmp_path / "home", embedded_data=embedded)
    run(home, ["31", "32", "33"], ignore)
    with closing(Warehouse(home.warehouse)) as warehouse:
        other = Records(warehouse)
        assert other.newest == NEWEST
        for key in ("32", "R76"):
            before = files_of(records, key, THEN, tmp_path / "before")
            assert files_of(other, key, THEN, tmp_path / "after") == before


def test_the_newest_issue_is_what_is_known_on_its_day(records: Records) -> None:
    """The published tables and those computed again agree to the last digit."""
    again = records.known_then(NEWEST)
    with closing(again):
        for table, columns in {
            "drought_indicators": ("departement", "period_end", "indicator"),
            "outlook_skill": ("crop", "month", "lead_dekads"),
            "soil_outlook": ("departement", "crop", "lead_dekads"),
            "soil_outlook_past": ("departement", "period_end", "lead_dekads"),
            "exposure": ("departement", "period_end", "crop"),
        }.items():
            of_then, published = again.table(table), records.warehouse.table(table)
            keys = list(columns)
            of_then = of_then.sort_values(keys, ignore_index=True)
            found = of_then[keys].merge(published, on=keys, how="left", validate="one_to_one")
            pd.testing.assert_frame_equal(found[of_then.columns], of_then, check_exact=True)
        assert len(again.table("exposure")) > 100


# --- by hand ------------------------------------------------------------------------------------


def test_the_rain_index_of_then_is_fitted_to_the_years_until_then(records: Records) -> None:
    """SPI-3 of the Gers in August 2016: a gamma by L-moments, from its summers until then."""
    weather = records.warehouse.table("weather_daily")
    rain = weather[weather["departement"] == "32"].set_index("date")["precip_mm"]
    summers = [rain[f"{year}-06-01" : f"{year}-08-31"] for year in range(2010, 2017)]
    totals = np.array([each.sum() for each in summers if each.notna().sum() == 92])
    ordered, count = np.sort(totals), len(totals)
    mean = ordered.mean()
    second = 2 * (np.arange(count) / (count - 1) * ordered).mean() - mean
    shape = optimize.brentq(
        lambda a: math.exp(gammaln(a + 0.5) - gammaln(a + 1)) / math.sqrt(math.pi) - second / mean,
        0.1,
        1e4,
    )
    index = stats.norm.ppf(stats.gamma.cdf(totals[-1], shape, scale=mean / shape))
    then = records.of(EARLY).cubes["spi_3"]
    found = then.value[then.row(EARLY), records.column("32")]
    assert found == pytest.approx(index, abs=2e-3)
    assert then.reference_years[then.row(EARLY), records.column("32")] == len(totals)
    assert then.reference_period[then.row(EARLY), records.column("32")] == "2010-2016"
    now = records.cubes["spi_3"]
    assert abs(now.value[now.row(EARLY), records.column("32")] - index) > 0.02


def test_an_outlook_is_judged_as_it_was_told(records: Records) -> None:
    """What the issue of a month later says of it are the figures of the issue that told it."""
    issued = dekads.before(THEN, 3)
    table, told = records.of(issued).outlook(issued)
    assert table == "soil_outlook"
    told = told[(told["departement"] == "32") & (told["lead_dekads"] == 3)].iloc[0]
    assert told["period_end"].date() == issued
    said = records.of(THEN).said(THEN)
    said = said[(said["departement"] == "32") & (said["lead_dekads"] == 3)].iloc[0]
    assert (said["p10"], said["p50"], said["p90"]) == (told["p10"], told["p50"], told["p90"])
    past = records.warehouse.table("soil_outlook_past")
    came = past[(past["departement"] == "32") & (past["lead_dekads"] == 3)]
    came = came.loc[came["period_end"].dt.date == issued, "observed"].item()
    assert said["observed"] == pytest.approx(came, abs=1e-6)
    document = issues.document(records, places()["32"], THEN, "fr")
    assert [each.id for each in document.sentences].count("then") == 1


# --- what there is ------------------------------------------------------------------------------


def test_an_area_has_no_issue_before_there_are_classes(records: Records, tmp_path: Path) -> None:
    target = tmp_path / "x.pdf"
    with pytest.raises(UsageError, match="had only 6 years there by then, and a class needs 10"):
        issues.write_one(records, places()["FR"], EARLY, "en", target)
    assert not target.exists()
    document = issues.document(records, places()["32"], EARLY, "en")
    said = {each.id: each.text for each in document.sentences}
    assert said["title"].startswith("No drought class in Gers")
    assert "2010-2016" in said["sure.reference"]


def test_what_is_offered_is_what_was_known(records: Records) -> None:
    """The dekads are counted from what is known now: in the first, most had four years of index."""
    first = records.issues[0]
    cube = records.of(first).cubes[COMBINED]
    assert (cube.reference_years[cube.row(first)] >= 4).sum() >= 2
    with pytest.raises(UsageError, match=f"of each dekad from {first} to {NEWEST}"):
        records.day_of(dekads.before(first).isoformat())


def test_what_was_known_is_written_as_a_database(records: Records, tmp_path: Path) -> None:
    """The queries of the claims run in it; it holds no later day."""
    target = records.known_then(THEN).write(tmp_path / "known.duckdb")
    document = issues.document(records, places()["32"], THEN, "fr")
    claims = document.claims()
    assert set(claims["as_known_on"]) == {THEN.isoformat()}
    with closing(duckdb.connect(str(target), read_only=True)) as connection:
        for query in claims["query"]:
            assert len(connection.execute(query).fetchall()) == 1
        for table in ("drought_indicators", "exposure", "soil_outlook", "soil_outlook_past"):
            last = connection.execute(f"SELECT max(period_end) FROM {table}").fetchone()
            assert last is not None
            assert last[0] <= THEN
