"""What may come in a département: what the tables hold is told, and why nothing where silent."""

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from geo_pipeline.indicators.classes import LIMIT_NEEDS
from geo_pipeline.outlook.hindcast import class_limits
from geo_pipeline.outlook_schemas import WHY_NOT
from geo_pipeline.publishing.formats import format_number
from panel_app.data.store import Publication
from panel_app.pages.departement import departement_page
from panel_app.pages.departement.departement_outlook import outlook
from panel_app.pages.departement.departement_place import Place, record
from tests.app.conftest import plain, view_of


def section(publication: Publication, **query: str) -> str:
    """Return the section as it is read, without its tags."""
    slots = departement_page.slots(view_of(publication, page="departement", **query))
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", plain(slots["outlook"])))


def rows(publication: Publication, script: str, code: str) -> pd.DataFrame:
    return publication.rows_of(script, code)


def test_the_range_a_month_ahead_is_told_with_its_skill(publication: Publication) -> None:
    told = rows(publication, "app_soil_outlook", "31")
    month = told[(told["lead_dekads"] <= 3) & told["p50"].notna()].iloc[-1]
    text = section(publication, departement="31", lang="en")
    low, high = (format_number(float(month[name]), 2, "en") for name in ("p10", "p90"))
    assert f"soil wetness between {low} and {high}, 8 chances in 10" in text
    skill = round(100 * float(month["crpss_climatology"]))
    assert f"issued in this month, had {skill}% less error than the normal" in text


def test_nothing_is_told_beyond_what_was_better_than_the_normal(publication: Publication) -> None:
    told = rows(publication, "app_soil_outlook", "31")
    silent = told[told["crpss_climatology_low"] <= 0]
    assert len(silent)
    assert silent["p50"].isna().all()
    last = int(told.loc[told["p50"].notna(), "lead_dekads"].max())
    text = section(publication, departement="31", lang="en")
    assert (
        f"Beyond {last}0 days ({last} dekads) they were not surely better than the normal" in text
    )


@pytest.mark.parametrize("why", WHY_NOT)
def test_where_nothing_is_told_it_says_why(publication: Publication, why: str) -> None:
    view = view_of(publication, page="departement", departement="31")
    known = record(publication, "31")
    silent = known.soil_outlook.assign(p50=np.nan, why_not=why)
    parts = outlook(Place(view, replace(known, soil_outlook=silent)))
    assert parts["soil"]["why"].startswith("Pas de prévision")
    assert "chart" not in parts["soil"]


def test_chances_are_told_and_why_those_of_rare_classes_are_not(publication: Publication) -> None:
    """Ten other years are known in January: 5 % of them are none, and 2 % still less."""
    told = rows(publication, "app_soil_outlook", "66")
    month = told[(told["lead_dekads"] <= 3) & told["p50"].notna()].iloc[-1]
    assert month[["d3_pct", "d4_pct"]].isna().all()
    d1, d2 = (f"{month[name]:.0f} %" for name in ("d1_pct", "d2_pct"))
    text = section(publication, departement="66")
    assert (
        f"Risque de sécheresse alors : {d1} modérée ou pire (D1) et {d2} grave ou pire (D2)."
        in text
    )
    years = f"{month['usual_years']:.0f} autres années connues"
    why = f"les {years} ne suffisent pas : il en faut 19 pour D3 et 49 pour D4"
    assert why in text


def test_what_limits_need_is_what_the_outlook_asks_of_them() -> None:
    for position, name in ((2, "d2_pct"), (3, "d3_pct"), (4, "d4_pct")):
        needs = LIMIT_NEEDS[name]
        assert np.isnan(class_limits(np.arange(needs - 1.0))[position])
        assert class_limits(np.arange(float(needs)))[position] == 0.0


def test_few_years_tell_the_chance_of_common_classes_alone(publication: Publication) -> None:
    view = view_of(publication, page="departement", departement="31")
    known = record(publication, "31")
    few = known.soil_outlook.assign(usual_years=6, d2_pct=np.nan)
    said = plain(outlook(Place(view, replace(known, soil_outlook=few)))["soil"]["chances"])
    assert "modérée ou pire (D1)." in said
    assert "il en faut 9 pour D2, 19 pour D3 et 49 pour D4" in said


def test_an_expected_yield_says_when_and_from_which_harvests(publication: Publication) -> None:
    table = rows(publication, "app_yield_outlook", "32")
    barley = table[(table["crop"] == "winter_barley") & (table["issued"] <= "2022-12-31")].iloc[-1]
    assert (barley["year"], barley["last_harvest"]) == (2022, 2017)
    text = section(publication, departement="32", lang="en")
    assert f"2022 on {barley['issued'].day} Jun 2022" in text
    assert "mean of the harvests, up to 2017" in text


def test_a_choice_made_with_later_harvests_says_so(publication: Publication) -> None:
    """Maize of 2022 is judged with its harvest; wheat of 2023 and barley of 2022 are not known."""
    said = "For a harvest that is known by now this choice is today's"
    assert said in section(publication, departement="40", period="2022-08-31", lang="en")
    view = view_of(publication, page="departement", departement="40", lang="en")
    known = record(publication, "40")
    table = known.yield_outlook
    to_come = outlook(Place(view, replace(known, yield_outlook=table[~table["in_hindsight"]])))
    assert {row["crop"]: row["year"] for row in to_come["yields"]["rows"]}["Soft wheat"] == "2023"
    assert to_come["yields"]["hindsight"] == ""


def test_a_forecast_of_years_ago_says_so_first(publication: Publication) -> None:
    """Haute-Corse ends in 2020 in the embedded data, France in 2022."""
    for lang, said in (
        ("fr", "La météo n'est connue ici que jusqu'au 31 décembre 2020"),
        ("en", "The weather is known here up to 31 December 2020 only"),
    ):
        text = section(publication, departement="2B", lang=lang)
        assert text.index(said) < text.index("2021")
        assert said not in section(publication, departement="31", lang=lang)
    head = departement_page.slots(view_of(publication, page="departement", departement="2B"))[
        "head"
    ]
    assert "la météo n'y est connue que jusqu'au 31 décembre 2020" in plain(head)


def test_a_place_without_weather_has_no_such_section(publication: Publication) -> None:
    slots = departement_page.slots(view_of(publication, page="departement", departement="971"))
    assert slots["outlook"] == ""


def test_irrigation_is_that_of_the_period_shown(publication: Publication) -> None:
    needs = rows(publication, "app_irrigation", "40")
    here = needs[needs["period_end"] == pd.Timestamp(2022, 7, 31)].set_index("crop")
    text = section(publication, departement="40", period="2022-07-31", lang="en")
    maize: Any = here.loc["grain_maize_irrigated"]
    assert f"Grain maize, irrigated {format_number(maize['season_mm'], 0, 'en')} mm" in text
    assert f"{format_number(maize['season_m3'] / 1e6, 1, 'en')} Mm³ (area of 2022)" in text
    winter = section(publication, departement="40", period="2022-01-31", lang="en")
    assert "Irrigation need" not in winter


def test_yields_are_those_told_by_then_and_name_what_they_rest_on(publication: Publication) -> None:
    table = rows(publication, "app_yield_outlook", "40")
    table = table[table["crop"] == "grain_maize_irrigated"]
    august = table[(table["issued"] <= "2022-08-31") & (table["year"] == 2022)].iloc[-1]
    text = section(publication, departement="40", period="2022-08-31", lang="en")
    by = str(august["published"])
    value = format_number(float(august[f"{by}_q_ha"]), 0, "en")
    assert f"Grain maize, irrigated 2022 on 31 Aug 2022 {value}" in text
    words = "weather of the season" if by == "model" else "harvest"
    assert words in text


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_all_that_may_be_told_has_words(publication: Publication, lang: str) -> None:
    """One of each département, at the height of summer and at the end of the record."""
    for code in ("01", "13", "28", "40", "59", "66", "75", "2B"):
        for period in ("2022-07-31", "2022-12-31"):
            assert "{" not in section(publication, departement=code, period=period, lang=lang)


def test_the_skill_of_all_months_and_leads_stands_beside_it(publication: Publication) -> None:
    """In May, a month ahead, about half of the error is avoided: 0.47 when measured beforehand."""
    table = publication.outlook_skill.set_index(["month", "lead_dekads"])
    assert table.loc[(5, 3), "crpss_climatology"] == pytest.approx(0.47, abs=0.06)
    parts = outlook(
        Place(view_of(publication, page="departement", departement="31"), record(publication, "31"))
    )
    may = parts["soil"]["skills"][4]
    assert may["leads"][2] == f"{100 * table.loc[(5, 3), 'crpss_climatology']:.0f}"
    assert parts["soil"]["skills"][8]["leads"][8] == ""  # nothing beyond six dekads
