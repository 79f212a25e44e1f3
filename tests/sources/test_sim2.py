"""SIM2 over real HTTP: files listed, chosen, joined and refused."""

import gzip
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from hashlib import sha1
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from geo_pipeline.errors import SourceError
from geo_pipeline.places import PROJECT_ROOT
from geo_pipeline.sources.http import Http
from geo_pipeline.sources.observed import OBSERVED
from geo_pipeline.sources.raw import RawStore
from geo_pipeline.sources.sim2 import Sim2
from geo_pipeline.spatial.grid import Cell, GridMeans
from geo_pipeline.territory import CODES

LIST = "/api/1/datasets/donnees-changement-climatique-sim-quotidienne/"
FOLDER = "/meteofrance/data/synchro_ftp/REF_CC/SIM/"
PAST = "QUOT_SIM2_2010-2019.csv.gz"
PREVIOUS = "QUOT_SIM2_previous-2020-202609.csv.gz"
RECENT = "QUOT_SIM2_latest-20260901-20261103.csv.gz"
HEADER = "LAMBX;LAMBY;DATE;PRENEI_Q;PRELIQ_Q;T_Q;FF_Q;Q_Q;DLI_Q;SSI_Q;HU_Q;EVAP_Q;ETP_Q;PE_Q;SWI_Q"
USUAL = {
    "PRENEI": "1.5", "PRELIQ": "0.4", "T": "9.9", "FF": "2.1", "SSI": "1111.5", "HU": "98.4",
    "ETP": "0.3", "SWI": "1.040",
}  # fmt: skip
GERS = (4360, 18570)
"""A cell wholly inside the département 32, near Auch."""


def grid(rows: Mapping[str, Mapping[str, str]], cell: tuple[int, int] = GERS) -> bytes:
    """Return a grid file of one cell: its days, and what is not as usual on them."""
    lines = [HEADER]
    for day, said in rows.items():
        values = {**USUAL, **said, "LAMBX": str(cell[0]), "LAMBY": str(cell[1]), "DATE": day}
        names = (name.removesuffix("_Q") for name in HEADER.split(";"))
        lines.append(";".join(values.get(name, "0.0") for name in names))
    return gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0)


@pytest.fixture(scope="module")
def outlines() -> gpd.GeoDataFrame:
    path = PROJECT_ROOT / "assets_data" / "departements.parquet"
    return gpd.GeoDataFrame.from_arrow(pq.ParquetFile(path).read())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one folder for all means, so that weights are made once."""
    return tmp_path_factory.mktemp("means")


@pytest.fixture
def source(
    provider: Any, outlines: gpd.GeoDataFrame, folder: Path, tmp_path: Path
) -> Callable[..., Sim2]:
    """Return what makes a source of this provider, as a new run would: raw answers are kept."""

    def make(*, offline: bool = False, **said: Any) -> Sim2:
        http = Http(
            RawStore(tmp_path / "raw"),
            offline=offline,
            default_rate=1000.0,
            attempts=3,
            backoff_s=0.01,
        )
        return Sim2(http, GridMeans(outlines, folder), **{"url": provider.url, **said})

    return make


def lists(provider: Any, *names: str) -> None:
    """Let the dataset list these files, and others that are none."""
    others = ("QUOT_SIM2_descriptif.pdf", "coordonnees_grille_safran_lambert-2-etendu.csv")
    resources = [
        {"id": f"{i}", "title": name, "format": "csv.gz", "url": f"{provider.url}{FOLDER}{name}"}
        for i, name in enumerate([*others, *names])
    ]
    provider.reset(LIST).on(LIST, json={"id": "6569b27598256cc583c917a7", "resources": resources})


def asked(provider: Any) -> list[str]:
    """Return the files asked for, in order."""
    return [path.removeprefix(FOLDER) for path in provider.paths() if path.startswith(FOLDER)]


def test_values_are_in_the_units_of_the_tables(provider: Any, source: Callable[..., Sim2]) -> None:
    lists(provider, PAST)
    provider.on(FOLDER + PAST, grid({"20190131": {}}))
    observed = source().weather("32", date(2019, 1, 1), date(2019, 12, 31))
    assert tuple(observed.rows.columns) == OBSERVED
    (row,) = observed.rows.to_dict("records")
    assert np.isnan([row.pop("tmin_c"), row.pop("tmax_c")]).all()
    assert pd.isna(row.pop("stations"))
    # 1111.5 J/cm² are 11.115 MJ/m²; rain and snow together; wind as measured, at 10 m.
    assert row == {
        "departement": "32", "date": pd.Timestamp("2019-01-31"), "tmean_c": 9.9,
        "precip_mm": pytest.approx(1.9), "radiation_mj_m2": pytest.approx(11.115),
        "wind_m_s": pytest.approx(2.1), "rh_pct": 98.4, "et0_source_mm": 0.3,
        "swi_source": 1.04, "source": "sim2", "resolution": "day", "provisional": False,
    }  # fmt: skip
    assert observed.rows["date"].dtype == "datetime64[ns]"
    assert observed.rows["stations"].dtype == "Int64"
    assert observed.rows["provisional"].dtype == bool
    assert observed.provenance.source == "sim2"
    assert observed.provenance.url == f"{provider.url}{FOLDER}{PAST}"
    assert len(observed.provenance.sha256) == 64


def test_only_files_that_touch_the_period_are_asked_for(
    provider: Any, source: Callable[..., Sim2]
) -> None:
    decades = [f"QUOT_SIM2_{first}-{last}.csv.gz" for first, last in
               [(1958, 1959), *((year, year + 9) for year in range(1960, 2020, 10))]]  # fmt: skip
    lists(provider, *decades, PREVIOUS, RECENT)
    provider.on(FOLDER + "QUOT_SIM2_2000-2009.csv.gz", grid({"20091231": {"T": "1"}}))
    provider.on(FOLDER + PAST, grid({"20100101": {"T": "2"}, "20191231": {"T": "3"}}))
    provider.on(FOLDER + PREVIOUS, grid({"20200101": {"T": "4"}}))
    sim2 = source()
    rows = sim2.weather("32", date(2009, 12, 31), date(2010, 1, 1)).rows
    assert rows["tmean_c"].tolist() == [1.0, 2.0]
    rows = sim2.weather("32", date(2019, 12, 31), date(2020, 8, 31)).rows
    assert rows["tmean_c"].tolist() == [3.0, 4.0]
    # Each once, however many ask.
    assert sorted(asked(provider)) == sorted(["QUOT_SIM2_2000-2009.csv.gz", PAST, PREVIOUS])
    assert provider.paths().count(LIST) == 1


def test_days_in_two_files_are_those_of_the_settled_one(
    provider: Any, source: Callable[..., Sim2]
) -> None:
    lists(provider, RECENT, PREVIOUS)
    provider.on(FOLDER + RECENT, grid({"20260930": {"T": "9"}, "20261001": {"T": "10"}}))
    provider.on(FOLDER + PREVIOUS, grid({"20260929": {"T": "1"}, "20260930": {"T": "2"}}))
    observed = source().weather("32", date(2026, 9, 30), date(2026, 12, 31))
    assert observed.rows["tmean_c"].tolist() == [2.0, 10.0]
    assert observed.rows["provisional"].tolist() == [False, True]
    assert observed.rows["date"].is_monotonic_increasing
    assert observed.provenance.url.split() == [
        f"{provider.url}{FOLDER}{name}" for name in (PREVIOUS, RECENT)
    ]


def test_past_decades_are_fetched_once_and_the_rest_when_it_changes(
    provider: Any, source: Callable[..., Sim2]
) -> None:
    lists(provider, PAST, RECENT)
    provider.on(FOLDER + PAST, grid({"20190131": {}}))
    provider.on(FOLDER + RECENT, grid({"20261001": {"T": "10"}}))
    provider.on(FOLDER + RECENT, grid({"20261001": {"T": "11"}}))
    since, until = date(2019, 1, 1), date(2026, 10, 31)
    assert source().weather("32", since, until).rows["tmean_c"].tolist() == [9.9, 10.0]
    assert source().weather("32", since, until).rows["tmean_c"].tolist() == [9.9, 11.0]
    assert asked(provider).count(PAST) == 1
    assert asked(provider).count(RECENT) == 2
    again = source(offline=True).weather("32", since, until)
    assert again.rows["tmean_c"].tolist() == [9.9, 11.0]
    assert len(asked(provider)) == 3


@pytest.mark.parametrize(
    ("name", "day", "provisional"),
    [
        ("QUOT_SIM2_2020-202402.csv.gz", "20240229", False),
        ("QUOT_SIM2_latest-2020-202311.csv.gz", "20231130", True),
        ("QUOT_SIM2_previous-2020-202601.csv", "20260131", False),
        ("QUOT_SIM2_latest.csv.gz", f"{date.today() - timedelta(days=20):%Y%m%d}", True),
        ("QUOT_SIM2_1958.csv.gz", "19580801", False),
        ("QUOT_SIM2_2025.csv.gz", "20251231", False),
        ("quot_sim2_LATEST-20261101-20261103.CSV.GZ", "20261103", True),
    ],
)
def test_names_of_files(
    provider: Any, source: Callable[..., Sim2], name: str, day: str, provisional: bool
) -> None:
    lists(provider, name)
    provider.on(FOLDER + name, grid({day: {}}))
    asked_for = datetime.strptime(day, "%Y%m%d").date()
    rows = source().weather("32", asked_for, asked_for).rows
    assert rows["provisional"].tolist() == [provisional]


def years(first: int, last: int) -> list[str]:
    """The layout since July 2026: a file a year and one of the last days."""
    return [f"QUOT_SIM2_{year}.csv.gz" for year in range(first, last + 1)]


LAST_DAYS = "QUOT_SIM2_latest.csv.gz"


def test_of_seventy_files_those_of_the_years_asked_for(
    provider: Any, source: Callable[..., Sim2]
) -> None:
    lists(provider, *years(1958, date.today().year), LAST_DAYS)
    provider.on(FOLDER + "QUOT_SIM2_1976.csv.gz", grid({"19760630": {"T": "25"}}))
    provider.on(FOLDER + "QUOT_SIM2_1977.csv.gz", grid({"19770101": {"T": "5"}}))
    for _ in range(2):
        rows = source().weather("32", date(1976, 6, 30), date(1977, 1, 1)).rows
        assert rows["tmean_c"].tolist() == [25.0, 5.0]
    # Never asked again: they are not written anew any more.
    assert asked(provider) == ["QUOT_SIM2_1977.csv.gz", "QUOT_SIM2_1976.csv.gz"]


def test_years_that_are_written_anew_are_asked_by_their_validators(
    provider: Any, source: Callable[..., Sim2]
) -> None:
    """The running year and the four before it; what has not changed is not sent again."""
    this = date.today().year
    lists(provider, *years(1958, this), LAST_DAYS)
    for year in range(this - 6, this + 1):
        body, mark = grid({f"{year}0101": {"T": f"{year - 2000}"}}), f'"{year}"'
        provider.on(f"{FOLDER}QUOT_SIM2_{year}.csv.gz", body, etag=mark)
    provider.on(FOLDER + LAST_DAYS, grid({f"{date.today():%Y%m%d}": {"T": "3"}}))
    expected = [float(year - 2000) for year in range(this - 6, this + 1)]
    for _ in range(2):
        rows = source().weather("32", date(this - 6, 1, 1), date(this, 1, 1)).rows
        assert rows["tmean_c"].tolist() == expected
    for year in range(this - 6, this + 1):
        times = 1 if year < this - 4 else 2
        assert asked(provider).count(f"QUOT_SIM2_{year}.csv.gz") == times


def test_both_layouts_at_once_cost_the_years_only(
    provider: Any, source: Callable[..., Sim2]
) -> None:
    """As on a mirror that has not taken the decades away."""
    lists(provider, PAST, PREVIOUS, *years(2010, 2026))
    provider.on(FOLDER + "QUOT_SIM2_2019.csv.gz", grid({"20191231": {"T": "1"}}))
    provider.on(FOLDER + "QUOT_SIM2_2020.csv.gz", grid({"20200101": {"T": "2"}}))
    rows = source().weather("32", date(2019, 12, 31), date(2020, 1, 1)).rows
    assert rows["tmean_c"].tolist() == [1.0, 2.0]
    assert sorted(asked(provider)) == ["QUOT_SIM2_2019.csv.gz", "QUOT_SIM2_2020.csv.gz"]


def test_news_are_of_the_years_that_are_taken(provider: Any, source: Callable[..., Sim2]) -> None:
    lists(provider, *years(1958, 2026), LAST_DAYS)
    listed = source().listed(date(2024, 1, 1), date(2026, 12, 31))
    assert [url.rpartition("/")[2] for url in listed] == [*years(2024, 2026), LAST_DAYS]


def test_files_may_be_taken_from_elsewhere(provider: Any, source: Callable[..., Sim2]) -> None:
    lists(provider, PAST)
    provider.on("/mirror/" + PAST, grid({"20190131": {}}))
    sim2 = source(files_url=f"{provider.url}/mirror/")
    assert len(sim2.weather("32", date(2019, 1, 1), date(2019, 1, 31)).rows) == 1
    assert asked(provider) == []


def test_where_there_is_no_cell_there_are_no_rows(
    provider: Any, source: Callable[..., Sim2]
) -> None:
    lists(provider, PAST)
    provider.on(FOLDER + PAST, grid({"20190131": {}}))
    sim2 = source()
    for departement in ("971", "976"):
        observed = sim2.weather(departement, date(2019, 1, 1), date(2019, 1, 31))
        assert len(observed.rows) == 0
        assert tuple(observed.rows.columns) == OBSERVED
    assert asked(provider) == []
    assert len(sim2.weather("2B", date(2019, 1, 1), date(2019, 1, 31)).rows) == 0


def test_what_the_means_rest_on_is_told(provider: Any, source: Callable[..., Sim2]) -> None:
    """One cell is 64 of some 6,300 km²."""
    lists(provider, PAST)
    provider.on(FOLDER + PAST, grid({"20190131": {}}))
    coverage = source().coverage("32", date(2019, 1, 1), date(2019, 1, 31))
    assert coverage["cells"].tolist() == [1]
    assert coverage["coverage_pct"].tolist() == pytest.approx([100 * 64 / 6257], rel=0.05)


def test_humidity_above_saturation_is_saturation(
    provider: Any, source: Callable[..., Sim2]
) -> None:
    lists(provider, PAST)
    provider.on(FOLDER + PAST, grid({"20190131": {"HU": "100.3"}}))
    rows = source().weather("32", date(2019, 1, 1), date(2019, 1, 31)).rows
    assert rows["rh_pct"].tolist() == [100.0]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"<!DOCTYPE html><html>", "HTML in place of a grid"),
        (grid({"20190131": {"T": "9,9"}}), "'9,9' in place of a number in line 2, column T"),
        (grid({"20190131": {"T": "99.9"}}), "tmean_c 99.9 in cell"),
        (gzip.compress(HEADER.replace("ETP_Q", "ETR").encode(), mtime=0), "has no column ETP"),
    ],
)
def test_an_unusable_file_is_told_once_and_asked_for_again(
    provider: Any, source: Callable[..., Sim2], content: bytes, says: str
) -> None:
    lists(provider, PAST)
    provider.on(FOLDER + PAST, content).on(FOLDER + PAST, grid({"20190131": {}}))
    sim2 = source()
    for departement in ("32", "31"):
        with pytest.raises(SourceError) as error:
            sim2.weather(departement, date(2019, 1, 1), date(2019, 1, 31))
        message = str(error.value)
        assert message.startswith(f"sim2, département {departement}: {provider.url}{FOLDER}{PAST}")
        assert says in message
        assert "\n" not in message
        assert ";" in message.partition(says)[2]
    assert len(asked(provider)) == 1
    # Another run, though a past decade is not asked for again once it is good.
    assert len(source().weather("32", date(2019, 1, 1), date(2019, 1, 31)).rows) == 1


@pytest.mark.parametrize("content", [b"", grid({"20190131": {}})[:-9]])
def test_an_empty_or_cut_file_is_fetched_again_at_once(
    provider: Any, source: Callable[..., Sim2], content: bytes
) -> None:
    """The length that the host told is that of what came: only the archive tells that it is cut."""
    lists(provider, PAST)
    provider.on(FOLDER + PAST, content).on(FOLDER + PAST, grid({"20190131": {}}))
    assert len(source().weather("32", date(2019, 1, 1), date(2019, 1, 31)).rows) == 1
    assert len(asked(provider)) == 2


def test_a_file_that_stays_cut_is_told(provider: Any, source: Callable[..., Sim2]) -> None:
    lists(provider, PAST)
    provider.on(FOLDER + PAST, grid({"20190131": {}})[:-9])
    with pytest.raises(SourceError, match="gzip archive that ends too early"):
        source().weather("32", date(2019, 1, 1), date(2019, 1, 31))
    assert len(asked(provider)) == 2


def test_the_checksum_of_the_list_is_compared(provider: Any, source: Callable[..., Sim2]) -> None:
    lists(provider, PAST)
    content = grid({"20190131": {}})
    said = {"type": "sha1", "value": sha1(content, usedforsecurity=False).hexdigest()}
    url = f"{provider.url}{FOLDER}{PAST}"
    provider.reset(LIST).on(LIST, json={"resources": [{"url": url, "checksum": said}]})
    # Whole as an archive, and yet another than is listed.
    provider.on(FOLDER + PAST, grid({"20190130": {}})).on(FOLDER + PAST, content)
    rows = source().weather("32", date(2019, 1, 1), date(2019, 1, 31)).rows
    assert rows["date"].tolist() == [pd.Timestamp("2019-01-31")]
    assert len(asked(provider)) == 2


def test_a_body_that_is_cut_is_asked_for_again(provider: Any, source: Callable[..., Sim2]) -> None:
    content = grid({f"201901{day:02}": {} for day in range(1, 32)})
    lists(provider, PAST)
    provider.on(FOLDER + PAST, content, cut=len(content) // 2)
    provider.on(FOLDER + PAST, status=503).on(FOLDER + PAST, content)
    rows = source().weather("32", date(2019, 1, 1), date(2019, 1, 31)).rows
    assert len(rows) == 31


def test_content_encoding_is_no_matter(provider: Any, source: Callable[..., Sim2]) -> None:
    lists(provider, PAST)
    provider.on(FOLDER + PAST, gzip.decompress(grid({"20190131": {}})), encoding="gzip")
    rows = source().weather("32", date(2019, 1, 1), date(2019, 1, 31)).rows
    assert rows["tmean_c"].tolist() == [9.9]


def test_a_provider_that_is_down_is_not_asked_by_every_departement(
    provider: Any, source: Callable[..., Sim2]
) -> None:
    lists(provider, PAST)
    provider.on(FOLDER + PAST, status=500)
    sim2 = source()
    for departement in ("32", "31", "33"):
        with pytest.raises(SourceError, match=f"^sim2, département {departement}: .*500"):
            sim2.weather(departement, date(2019, 1, 1), date(2019, 1, 31))
    assert len(asked(provider)) == 3  # the attempts of one request


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"body": "<html>Maintenance</html>"}, "HTML"),
        ({"body": '{"resources": [{"url"'}, "ends too early"),
        ({"json": {"message": "no such dataset"}}, "without a list of resources"),
        ({"json": []}, "without a list of resources"),
        ({"json": {"resources": [{"url": None}, None, 3]}}, "lists no file QUOT_SIM2_"),
        ({"status": 404}, "404"),
    ],
)
def test_a_list_that_is_none_is_told(
    provider: Any, source: Callable[..., Sim2], said: dict[str, Any], says: str
) -> None:
    provider.on(LIST, **said)
    with pytest.raises(SourceError) as error:
        source().weather("32", date(2019, 1, 1), date(2019, 1, 31))
    message = str(error.value)
    assert message.startswith(f"sim2, département 32: {provider.url}{LIST}")
    assert says in message
    lists(provider, PAST)
    provider.on(FOLDER + PAST, grid({"20190131": {}}))
    assert len(source().weather("32", date(2019, 1, 1), date(2019, 1, 31)).rows) == 1


def test_a_period_without_file_is_told(provider: Any, source: Callable[..., Sim2]) -> None:
    lists(provider, "QUOT_SIM2_1958-1959.csv.gz", PAST)
    with pytest.raises(
        SourceError, match=r"no file of 1950-01-01 to 1950-12-31, but of 1958-01-01"
    ):
        source().weather("32", date(1950, 1, 1), date(1950, 12, 31))


def test_days_after_today_are_refused(provider: Any, source: Callable[..., Sim2]) -> None:
    lists(provider, "QUOT_SIM2_latest.csv.gz")
    ahead = datetime.now(UTC).date() + timedelta(days=3)
    provider.on(FOLDER + "QUOT_SIM2_latest.csv.gz", grid({f"{ahead:%Y%m%d}": {}}))
    with pytest.raises(SourceError, match=f"has {ahead}, after the day on which it came"):
        source().weather("32", date(2019, 1, 1), ahead)


def test_real_figures_come_through_unchanged(
    provider: Any,
    source: Callable[..., Sim2],
    outlines: gpd.GeoDataFrame,
    folder: Path,
    shared_data: Path,
) -> None:
    """A month of real days of 90 départements, laid on cells that lie wholly inside each."""
    real = pd.read_parquet(shared_data / "observed" / "weather_daily.parquet")
    real["date"] = pd.to_datetime(real["date"])
    real = real[real["date"].between("2019-07-01", "2019-07-31")].set_index(["code_dep", "date"])
    weights = GridMeans(outlines, folder).weights(Cell(*GERS))
    whole = ~weights.duplicated(["x_hm", "y_hm"], keep=False) & (weights["area_m2"] > 63.99e6)
    inside = weights[whole].groupby("departement").head(3)
    rows = [
        (x, y, f"{day:%Y%m%d}", 0.0, *values)
        for departement, x, y in inside[["departement", "x_hm", "y_hm"]].itertuples(index=False)
        if departement in real.index.get_level_values(0)
        for day, *values in real.loc[departement].reset_index().itertuples(index=False)
    ]
    columns = [name for name in real.columns if name in ("tmean_c", "precip_mm", "radiation_mj_m2")]
    given = {"tmean_c": "T", "precip_mm": "PRELIQ", "radiation_mj_m2": "SSI"}
    frame = pd.DataFrame(
        rows, columns=["LAMBX", "LAMBY", "DATE", "PRENEI", *map(given.get, columns)]
    )
    frame["SSI"] *= 100.0
    for name in ("FF", "HU", "ETP", "SWI"):
        frame[name] = np.nan
    lists(provider, PAST)
    content = frame.sample(frac=1.0, random_state=1).to_csv(sep=";", index=False).encode()
    provider.on(FOLDER + PAST, gzip.compress(content, mtime=0))
    sim2 = source()
    compared = 0
    for departement in inside["departement"].unique():
        if departement not in real.index.get_level_values(0):
            continue
        observed = sim2.weather(departement, date(2019, 7, 1), date(2019, 7, 31)).rows
        expected = real.loc[departement].sort_index()
        assert observed["date"].tolist() == expected.index.tolist()
        for name in columns:
            np.testing.assert_allclose(observed[name], expected[name], rtol=1e-9, atol=1e-9)
        assert observed[["wind_m_s", "rh_pct", "et0_source_mm", "swi_source"]].isna().all(axis=None)
        compared += 1
    assert compared >= 85


def test_all_departements_at_a_time_ask_once(provider: Any, source: Callable[..., Sim2]) -> None:
    lists(provider, PAST)
    provider.on(FOLDER + PAST, grid({"20190131": {}}), delay_s=0.1)
    sim2 = source()
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(
                lambda code: len(sim2.weather(code, date(2019, 1, 1), date(2019, 1, 31)).rows),
                CODES,
            )
        )
    assert [code for code, rows in zip(CODES, answers, strict=True) if rows] == ["32"]
    assert asked(provider) == [PAST]
    assert provider.paths().count(LIST) == 1
