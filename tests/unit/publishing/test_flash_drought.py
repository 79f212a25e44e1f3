"""How the pace at which soils dry is told."""

import pandas as pd

from geo_pipeline.catalogue.styles import MINUS
from geo_pipeline.publishing.formats import format_value
from geo_pipeline.publishing.headlines import finding
from geo_pipeline.publishing.legend import style_of
from geo_pipeline.words import NBSP

KEY = "swi_change_2"


def values(*told: float) -> pd.DataFrame:
    return pd.DataFrame({"value": told, "drought_class": None})


def test_the_finding_counts_what_dries_faster_than_usual_by_a_spread() -> None:
    frame = values(-2.4, -1.2, -0.9, 0.3)
    said = finding(KEY, frame, "fr").replace(NBSP, " ")
    assert said == "2 départements sur 4 s'assèchent bien plus vite que d'habitude."
    past = finding(KEY, frame, "fr", past=True).replace(NBSP, " ")
    assert past == "2 départements sur 4 s'asséchaient bien plus vite que d'habitude."
    english = finding(KEY, values(-2.4, 0.3), "en", past=True).replace(NBSP, " ")
    assert english == "1 département of 2 was drying far faster than usual."
    none = finding(KEY, values(0.1, 0.3), "fr").replace(NBSP, " ")
    assert none == "Aucun département sur 2 ne s'assèche bien plus vite que d'habitude."


def test_a_bin_is_named_in_spreads_with_the_decimal_sign_of_the_language() -> None:
    style = style_of(KEY, -1.7)
    assert style.name("fr").replace(NBSP, " ") == "plus rapide, 1,5 à 2 σ"
    assert style.name("en").replace(NBSP, " ") == "faster, 1.5 to 2 σ"
    assert style_of(KEY, 0.0).name("fr").startswith("comme d'habitude")


def test_a_departure_from_the_usual_change_has_a_sign_and_its_unit() -> None:
    assert format_value(KEY, 0.04, "fr").startswith("0,0")
    assert format_value(KEY, 1.25, "fr").replace(NBSP, " ") == "+1,3 σ"
    assert format_value(KEY, -2.0, "en").replace(NBSP, " ") == f"{MINUS}2.0 σ"
