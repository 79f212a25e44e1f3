"""What is selected, from the URL and back to it."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panel_app.data.state import MAX_PLACES, State, from_query, parse_period, zoom

PAGES = ("map", "ranking")
KNOWN = ("combined", "spi_3", "water_restrictions")
CROPS = ("soft_wheat", "grain_maize_irrigated")

WHOLE = {
    "page": "ranking",
    "indicator": "spi_3",
    "period": "2022-08-20",
    "departement": "2A",
    "crop": "soft_wheat",
    "compare": "swipe",
    "since": "year",
    "with": "combined",
    "at": "2011-05-31",
    "over": "water_restrictions",
    "level": "region",
    "region": "76",
    "sort": "-value",
    "places": "32,2A,971",
    "years": "2011,2003",
    "season": "summer",
    "lang": "en",
}


def test_the_url_is_read() -> None:
    state, notices = from_query(
        {"indicator": "spi_3", "period": "2022-08", "departement": "2a", "lang": "en"}, PAGES, KNOWN
    )
    assert notices == []
    assert state.indicator == "spi_3"
    assert (state.period, state.step) == (date(2022, 8, 31), "month")
    assert state.departement == "2A"
    assert state.lang == "en"


def test_an_empty_url_is_the_latest_of_all_france_in_french() -> None:
    state, notices = from_query({}, PAGES, KNOWN)
    assert notices == []
    assert state == State()
    assert (state.page, state.indicator, state.period, state.lang) == (
        "map",
        "combined",
        None,
        "fr",
    )


def test_the_url_holds_the_whole_selection() -> None:
    """Every field of the state is in the URL and comes back from it."""
    state, notices = from_query(WHOLE, PAGES, KNOWN, CROPS)
    assert notices == []
    assert state.query() == WHOLE
    different = {
        name
        for name in State.__dataclass_fields__
        if getattr(state, name) != getattr(State(), name)
    }
    # A day is a dekad, and so is the default.
    assert different == set(State.__dataclass_fields__) - {"step"}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"indicator": "temperature"}, "temperature"),
        ({"departement": "99"}, "99"),
        ({"period": "aout-2022"}, "aout-2022"),
        ({"period": "2022-13"}, "2022-13"),
        ({"at": "2022-02-30"}, "2022-02-30"),
        ({"lang": "de"}, "de"),
        ({"page": "admin"}, "admin"),
        ({"crop": "cannabis"}, "cannabis"),
        ({"region": "99"}, "99"),
        ({"places": "32,99"}, "32,99"),
        ({"departement": "<script>alert(1)</script>" * 9}, "<script>"),
    ],
)
def test_what_is_asked_in_vain_is_told(query: dict[str, str], said: str) -> None:
    state, notices = from_query(query, PAGES, KNOWN, CROPS)
    assert len(notices) == 1
    assert said in notices[0]
    assert len(notices[0]) < 160
    assert {**state.query(), "places": ""} == {**State().query(), "places": ""}


def test_five_places_at_most_each_once() -> None:
    state, _ = from_query({"places": "01,02,01,03,04,05,06,07"}, PAGES, KNOWN)
    assert state.places == ("01", "02", "03", "04", "05")
    assert len(state.places) == MAX_PLACES


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2022-02", (date(2022, 2, 28), "month")),
        ("2024-02", (date(2024, 2, 29), "month")),
        ("2026-10-03", (date(2026, 10, 3), "dekad")),
        ("2022", (date(2022, 12, 31), "month")),
        ("", None),
        ("2022-02-30", None),
        ("20222", None),
        ("٢٠٢٢-٠٢", None),
    ],
)
def test_periods(text: str, day: tuple[date, str] | None) -> None:
    assert parse_period(text) == day


def test_without_the_default_indicator_the_first_there_is() -> None:
    state, _ = from_query({}, PAGES, ("spi_3",))
    assert state.indicator == "spi_3"


@settings(max_examples=200)
@given(
    st.dictionaries(
        st.sampled_from(sorted(WHOLE)),
        st.one_of(st.text(max_size=60), st.sampled_from(sorted(WHOLE.values()))),
    )
)
def test_no_address_fails_and_what_was_read_is_read_again(query: dict[str, str]) -> None:
    state, _ = from_query(query, PAGES, KNOWN, CROPS)
    again, notices = from_query(state.query(), PAGES, KNOWN, CROPS)
    assert notices == []
    assert again == state


def test_the_part_of_the_map_is_read_as_the_script_writes_it() -> None:
    assert zoom({"zoom": "4.95,412,-6479"}) == "4.95,412,-6479"
    for wrong in ("", "4", "4.95,412", "4.95,412,-6479<b>", "999.00,1,1", "4.95,٤,1", "nan,0,0"):
        assert zoom({"zoom": wrong}) == ""
