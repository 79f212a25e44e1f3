"""Hub'Eau over real HTTP: pages, chains and faults; nothing lost, nothing invented."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest

from geo_pipeline.errors import SourceError
from geo_pipeline.sources.http import Http
from geo_pipeline.sources.hubeau import Hubeau

STATIONS = "/api/v1/niveaux_nappes/stations"
LEVELS = "/api/v1/niveaux_nappes/chroniques"
CODE = "10096X0036/F"


def station(code: str = CODE, **said: Any) -> dict[str, Any]:
    return {
        "code_bss": code,
        "x": 1.44,
        "y": 43.6,
        "code_departement": "31",
        "date_debut_mesure": "1995-03-01",
        "date_fin_mesure": "2026-09-30",
        "nb_mesures_piezo": 9000,
    } | said


def measured(day: str, level: Any, code: str = CODE, **said: Any) -> dict[str, Any]:
    return {"code_bss": code, "date_mesure": day, "niveau_nappe_eau": level} | said


def page(rows: list[Any], count: int | None = None, following: str | None = None) -> dict[str, Any]:
    return {
        "count": len(rows) if count is None else count,
        "first": None,
        "prev": None,
        "next": following,
        "api_version": "1.4.1",
        "data": rows,
    }


@pytest.fixture
def http() -> Iterator[Http]:
    with Http(attempts=2, backoff_s=0.01, patience_s=1.0, default_rate=1000.0) as door:
        yield door


@pytest.fixture
def hubeau(provider: Any, http: Http) -> Hubeau:
    provider.on(STATIONS, json=page([station()]))
    return Hubeau(http, f"{provider.url}/api", today=lambda: date(2026, 10, 3))


def test_levels_of_a_departement(provider: Any, hubeau: Hubeau) -> None:
    """Two piezometers: levels as they were sent, each under its own code and day."""
    provider.reset(STATIONS).on(STATIONS, json=page([station("B/2"), station("A/1")]))

    def levels(asked: Any) -> Any:
        code = asked.one("code_bss")
        rows = {
            "A/1": [measured("2026-01-05", 134.52, "A/1"), measured("2026-01-06", 134.5, "A/1")],
            "B/2": [measured("2026-01-05", -1.25, "B/2")],
        }
        assert int(asked.one("size")) <= 20_000
        return provider.answer(json=page(rows[code]))

    provider.on(LEVELS, levels)
    found = hubeau.groundwater("31", date(1990, 1, 1))
    assert found.levels.values.tolist() == [
        ["31", "A/1", pd.Timestamp("2026-01-05"), 134.52],
        ["31", "A/1", pd.Timestamp("2026-01-06"), 134.5],
        ["31", "B/2", pd.Timestamp("2026-01-05"), -1.25],
    ]
    assert found.left_out.empty
    assert provider.asked[0].one("code_departement") == "31"
    assert provider.asked[1].one("date_debut_mesure") == "1990-01-01"
    assert found.provenance.url.startswith(f"{provider.url}{STATIONS}")
    row = found.stations.iloc[0]
    assert (row["piezometer"], row["longitude"], row["latitude"]) == ("A/1", 1.44, 43.6)
    assert (row["first_date"], row["measurements"]) == (pd.Timestamp("1995-03-01"), 9000)


def test_a_piezometer_that_sends_nothing_is_told(provider: Any, hubeau: Hubeau) -> None:
    """Its list announces 9,000 measurements: it is named, and asked anew in the next run."""
    known = [station("A/1"), station("B/2"), station("C/3", nb_mesures_piezo=None)]
    provider.reset(STATIONS).on(STATIONS, json=page(known))
    sends = {"A/1"}

    def levels(asked: Any) -> Any:
        code = asked.one("code_bss")
        rows = [measured("2010-01-05", 12.5, code)] if code in sends else []
        return provider.answer(json=page(rows))

    provider.on(LEVELS, levels)
    found = hubeau.groundwater("31")
    assert found.left_out.to_dict("records") == [
        {"piezometer": "B/2", "reason": "announced, none sent", "measurements": 9000}
    ]
    sends.add("B/2")
    found = hubeau.groundwater("31")
    assert found.left_out.empty
    assert set(found.levels["piezometer"]) == {"A/1", "B/2"}
    # Asked for days after the record that is announced, to have none is no surprise.
    sends.clear()
    later = hubeau.groundwater("31", date(2026, 10, 1))
    assert later.left_out.empty


def test_piezometers_that_all_send_nothing_are_an_error(provider: Any, hubeau: Hubeau) -> None:
    provider.on(LEVELS, json=page([]))
    with pytest.raises(SourceError, match=r"31: .* announces measurements of 1 piezo"):
        hubeau.groundwater("31")


def test_pages_are_read_to_the_last(provider: Any, hubeau: Hubeau) -> None:
    """206 and `next`, of stations and of measurements; as in life `next` names the true host."""
    codes = [f"S/{number}" for number in range(5)]

    def paged(rows: list[Any], name: str, asked: Any) -> Any:
        number, size = int(asked.query.get("page", ["1"])[0]), 2
        start = (number - 1) * size
        more = start + size < len(rows)
        query = f"code_bss={asked.query.get('code_bss', [''])[0]}&page={number + 1}&size=2"
        following = f"https://hubeau.eaufrance.fr/api/v1/niveaux_nappes/{name}?{query}"
        return provider.answer(
            json=page(rows[start : start + size], len(rows), following if more else None),
            status=206 if more else 200,
        )

    provider.reset(STATIONS)
    provider.on(STATIONS, lambda asked: paged([station(c) for c in codes], "stations", asked))
    days = [date(2020, 1, 1) + timedelta(days=n) for n in range(7)]

    def levels(asked: Any) -> Any:
        code = asked.one("code_bss")
        rows = [measured(str(day), float(n), code) for n, day in enumerate(days)]
        return paged(rows, "chroniques", asked)

    provider.on(LEVELS, levels)
    found = hubeau.groundwater("31")
    assert list(found.stations["piezometer"]) == codes
    assert len(found.levels) == 5 * 7
    assert found.levels.groupby("piezometer")["level_m"].sum().tolist() == [21.0] * 5


def test_a_record_deeper_than_pages_go(provider: Any, hubeau: Hubeau) -> None:
    """Hub'Eau answers 400 beyond 20,000 rows: the rest is asked for from the last day received."""
    days = [str(date(2000, 1, 1) + timedelta(days=n // 2)) for n in range(10)]

    def levels(asked: Any) -> Any:
        if "page" in asked.query:
            return provider.answer(json={"message": "too deep"}, status=400)
        rows = [measured(day, 10.0 + n) for n, day in enumerate(days)]
        rows = [row for row in rows if row["date_mesure"] >= asked.one("date_debut_mesure")]
        following = f"{provider.url}{LEVELS}?page=2" if len(rows) > 5 else None
        return provider.answer(json=page(rows[:5], len(rows), following))

    provider.on(LEVELS, levels)
    found = hubeau.groundwater("31")
    assert found.levels["level_m"].tolist() == [10.5, 12.5, 14.5, 16.5, 18.5]


def test_years_that_are_past_are_asked_for_once(provider: Any, hubeau: Hubeau) -> None:
    """To the end of 2019 once; what follows again in each run, and no day of either twice."""
    rows = [measured(f"{year}-06-01", float(year)) for year in range(2015, 2026)]

    def levels(asked: Any) -> Any:
        first = asked.one("date_debut_mesure")
        last = asked.query.get("date_fin_mesure", ["9999"])[0]
        return provider.answer(json=page([r for r in rows if first <= r["date_mesure"] <= last]))

    provider.on(LEVELS, levels)
    for _ in range(2):
        assert hubeau.groundwater("31").levels["level_m"].tolist() == list(range(2015, 2026))
    asked = [request for request in provider.asked if request.path == LEVELS]
    assert [request.query.get("date_fin_mesure") for request in asked] == [
        ["2019-12-31"], None, None,
    ]  # fmt: skip
    assert [request.one("date_debut_mesure") for request in asked[1:]] == ["2020-01-01"] * 2


def test_several_measurements_a_day_are_their_mean(provider: Any, hubeau: Hubeau) -> None:
    rows = [measured("2026-01-05", 10.0), measured("2026-01-05T12:00:00Z", 13.0)]
    provider.on(LEVELS, json=page(rows))
    assert hubeau.groundwater("31").levels["level_m"].tolist() == [11.5]


def test_what_is_no_level_is_left_out_and_counted(provider: Any, hubeau: Hubeau) -> None:
    rows = [
        measured("2026-01-05", None),
        measured("2026-01-06", None),
        measured("2026-01-07", 99999.0),
        measured("2026-01-08", 12.0, qualification="Incorrecte"),
        measured("2026-01-09", 12.5, qualification="Correcte"),
        measured("2126-01-09", 12.5),
    ]
    provider.on(LEVELS, json=page(rows))
    found = hubeau.groundwater("31")
    assert found.levels[["date", "level_m"]].values.tolist() == [[pd.Timestamp("2026-01-09"), 12.5]]
    counted = found.left_out.set_index("reason")["measurements"].to_dict()
    assert counted == {"no level": 2, "out of range": 1, "wrong": 1, "in the future": 1}
    assert set(found.left_out["piezometer"]) == {CODE}


def test_days_before_those_asked_for_are_not_taken(provider: Any, hubeau: Hubeau) -> None:
    provider.on(LEVELS, json=page([measured("1999-12-31", 1.0), measured("2000-01-01", 2.0)]))
    assert hubeau.groundwater("31", date(2000, 1, 1)).levels["level_m"].tolist() == [2.0]


def test_a_departement_without_piezometers_has_no_rows(provider: Any, hubeau: Hubeau) -> None:
    provider.reset(STATIONS).on(STATIONS, json=page([]))
    found = hubeau.groundwater("31")
    assert found.stations.empty
    assert found.levels.empty
    assert str(found.levels["date"].dtype) == "datetime64[ns]"
    assert list(found.levels.columns) == ["departement", "piezometer", "date", "level_m"]


def test_short_and_ended_records_are_not_fetched(provider: Any, hubeau: Hubeau) -> None:
    """Fifteen Januaries lie at least 14 years less a month apart."""
    stations = [
        station("short", date_debut_mesure="2015-01-01", date_fin_mesure="2026-01-01"),
        station("just", date_debut_mesure="2000-01-31", date_fin_mesure="2014-01-01"),
        station("few", nb_mesures_piezo=14),
        station("ended", date_fin_mesure="2009-12-31", date_debut_mesure="1960-01-01"),
        station("unknown", date_debut_mesure=None, date_fin_mesure=None, nb_mesures_piezo=None),
    ]
    provider.reset(STATIONS).on(STATIONS, json=page(stations))
    provider.on(LEVELS, json=page([]))
    found = hubeau.groundwater("31", measured_since=date(2010, 1, 1))
    fetched = found.stations.set_index("piezometer")["fetched"].to_dict()
    assert fetched == {
        "short": False, "just": True, "few": False, "ended": False, "unknown": True,
    }  # fmt: skip
    asked = {request.one("code_bss") for request in provider.asked if request.path == LEVELS}
    assert asked == {"just", "unknown"}


def refused(hubeau: Hubeau, *told: str) -> None:
    """The one error names source, département, address, and what is wrong."""
    with pytest.raises(SourceError) as error:
        hubeau.groundwater("31")
    message = str(error.value)
    assert "\n" not in message
    for part in ("hubeau, département 31", "/api/v1/niveaux_nappes/", *told):
        assert part in message


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (page([measured("2026-01-05", "12.5")]), "niveau_nappe_eau '12.5'"),
        (page([measured("2026-01-05", "12,5")]), "niveau_nappe_eau '12,5'"),
        (page([measured("2026-01-05", True)]), "niveau_nappe_eau True"),
        (page([measured("05/01/2026", 1.0)]), "date_mesure '05/01/2026'"),
        (page([measured("2026-02-30", 1.0)]), "date_mesure '2026-02-30'"),
        (page([{"date_mesure": "2026-01-05", "niveau": 1.0}]), "niveau_nappe_eau"),
        (page([measured("2026-01-05", 1.0, "OTHER/1")]), "'OTHER/1'"),
        (page(["text"]), "without date_mesure"),
        (page([measured("2026-01-05", 1.0)], count=2), "sent 1 rows where it counts 2"),
        (page([measured("2026-01-05", 1.0)] * 3, count=2), "sent 3 rows where it counts 2"),
        ({"data": []}, "no `count`"),
        ({"count": "2", "data": []}, "no `count`"),
        ({"count": 0, "data": None}, "no list `data`"),
        ([], "no JSON object"),
        (page([measured("2026-01-05", 1.0)], 2, "http://192.0.2.1/other"), "another server"),
        (page([], 2, "?page=2"), "without rows"),
    ],
)
def test_answers_that_are_not_as_agreed(
    provider: Any, hubeau: Hubeau, body: Any, told: str
) -> None:
    provider.on(LEVELS, json=body)
    refused(hubeau, told)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"x": 1.0}, "without `code_bss`"),
        (station(code_departement="32"), "of département '32'"),
        (station(date_fin_mesure="soon"), "date_fin_mesure 'soon'"),
        (station(x="1,44"), "x '1,44'"),
        (station(nb_mesures_piezo="9000"), "nb_mesures_piezo '9000'"),
    ],
)
def test_stations_that_are_not_as_agreed(
    provider: Any, hubeau: Hubeau, row: Any, told: str
) -> None:
    provider.reset(STATIONS).on(STATIONS, json=page([row]))
    refused(hubeau, told)


def test_one_bad_station_does_not_refuse_the_others(
    provider: Any, hubeau: Hubeau, caplog: pytest.LogCaptureFixture
) -> None:
    good = [station(f"{n}/A") for n in range(20)]
    bad = station("13/F", code_departement="32")
    provider.reset(STATIONS).on(STATIONS, json=page([*good, bad]))
    provider.on(LEVELS, lambda asked: provider.answer(
        json=page([measured("2026-01-05", 1.0, asked.one("code_bss"))])
    ))  # fmt: skip
    assert len(hubeau.groundwater("31", date(1990, 1, 1)).stations) == 20
    assert "left out 13/F: has station 13/F of département '32'" in caplog.text


@pytest.mark.parametrize("code", ["69", "69D", "69M"])
def test_the_rhone_and_the_metropolis_are_one_departement(
    provider: Any, hubeau: Hubeau, code: str
) -> None:
    row = station(code_departement=code, date_fin_mesure=None)
    provider.reset(STATIONS).on(STATIONS, json=page([row]))
    provider.on(LEVELS, json=page([measured("2026-01-05", 1.0)]))
    found = hubeau.groundwater("69", date(1990, 1, 1))
    assert found.stations["departement"].tolist() == ["69"]


def test_a_chain_of_pages_that_leads_back(provider: Any, hubeau: Hubeau) -> None:
    def levels(asked: Any) -> Any:
        number = asked.query.get("page", ["1"])[0]
        following = f"{provider.url}{LEVELS}?page={'3' if number == '2' else '2'}"
        return provider.answer(json=page([measured("2026-01-05", 1.0)], 100, following), status=206)

    provider.on(LEVELS, levels)
    refused(hubeau, "leads back")


def test_a_chain_of_pages_without_end(provider: Any, hubeau: Hubeau) -> None:
    """Each page has another address: it ends when there are more rows than are counted."""

    def levels(asked: Any) -> Any:
        number = int(asked.query.get("page", ["1"])[0])
        following = f"{provider.url}{LEVELS}?page={number + 1}"
        return provider.answer(json=page([measured("2026-01-05", 1.0)], 3, following), status=206)

    provider.on(LEVELS, levels)
    refused(hubeau, "sent 4 rows where it counts 3")


def test_bodies_that_are_cut_or_no_json(provider: Any, hubeau: Hubeau) -> None:
    whole = json.dumps(page([measured("2026-01-05", 1.0)]))
    provider.on(LEVELS, whole[:-10])
    refused(hubeau, "ends too early")
    provider.reset(LEVELS).on(LEVELS, "<html><body>Maintenance</body></html>")
    refused(hubeau, "HTML in place of data")
    provider.reset(LEVELS).on(LEVELS, '{"count": 1, "data": [{"niveau_nappe_eau": NaN}]}')
    refused(hubeau, "the value NaN")
    provider.reset(LEVELS).on(LEVELS, whole, cut=20)
    refused(hubeau)


def test_a_refused_answer_is_asked_for_anew(provider: Any, hubeau: Hubeau) -> None:
    """What could not be read is not what a later run is given."""
    provider.on(LEVELS, "{", etag='"same"')
    refused(hubeau, "ends too early")
    provider.reset(LEVELS).on(LEVELS, json=page([measured("2026-01-05", 1.0)]), etag='"same"')
    assert len(hubeau.groundwater("31").levels) == 1


def test_not_found_and_unreachable(provider: Any, hubeau: Hubeau) -> None:
    refused(hubeau, "404")
    provider.on(LEVELS, status=500)
    refused(hubeau, "500")


def test_bursts_of_errors_are_waited_out(provider: Any, hubeau: Hubeau) -> None:
    provider.on(LEVELS, status=503).on(LEVELS, json=page([measured("2026-01-05", 1.0)]))
    assert len(hubeau.groundwater("31").levels) == 1
