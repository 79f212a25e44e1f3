"""What is selected, from the URL and back to it."""

from datetime import date

import pytest

from panel_app.state import State, from_query, parse_period

KNOWN = ("combined", "spi_3", "water_restrictions")


def test_the_url_is_read() -> None:
    state, notices = from_query(
        {"indicator": "spi_3", "period": "2022-08", "departement": "2a", "lang": "en"}, KNOWN
    )
    assert notices == []
    assert state.indicator == "spi_3"
    assert state.period == date(2022, 8, 31)
    assert state.departement == "2A"
    assert state.lang == "en"


def test_an_empty_url_is_the_latest_of_all_france_in_french() -> None:
    state, notices = from_query({}, KNOWN)
    assert notices == []
    assert (state.indicator, state.period, state.departement, state.lang) == (
        "combined",
        None,
        "",
        "fr",
    )


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"indicator": "temperature"}, "temperature"),
        ({"departement": "99"}, "99"),
        ({"period": "aout-2022"}, "aout-2022"),
        ({"period": "2022-13"}, "2022-13"),
        ({"lang": "de"}, "de"),
        ({"departement": "<script>alert(1)</script>" * 9}, "<script>"),
    ],
)
def test_what_is_asked_in_vain_is_told(query: dict[str, str], said: str) -> None:
    state, notices = from_query(query, KNOWN)
    assert len(notices) == 1
    assert said in notices[0]
    assert len(notices[0]) < 160
    assert state.query() == State().query()


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2022-02", date(2022, 2, 28)),
        ("2024-02", date(2024, 2, 29)),
        ("2026-10-03", date(2026, 10, 3)),
        ("2022", None),
        ("", None),
        ("2022-02-30", None),
        ("٢٠٢٢-٠٢", None),
    ],
)
def test_periods(text: str, day: date | None) -> None:
    assert parse_period(text) == day


def test_the_url_brings_the_selection_back() -> None:
    state = State(indicator="water_restrictions", departement="971", lang="en")
    query = state.query(date(2026, 10, 3))
    assert query == {
        "indicator": "water_restrictions",
        "period": "2026-10-03",
        "departement": "971",
        "lang": "en",
    }
    again, notices = from_query(query, KNOWN)
    assert notices == []
    assert again.period == date(2026, 10, 3)
    assert "departement" not in State().query()


def test_without_the_default_indicator_the_first_there_is() -> None:
    state, _ = from_query({}, ("spi_3",))
    assert state.indicator == "spi_3"
