"""What is said of how sure a class is."""

import numpy as np
import pytest
from scipy.special import ndtri

from geo_pipeline.catalogue.styles import DROUGHT_CLASSES
from geo_pipeline.indicators import usdm_class, usdm_class_from_percentile
from geo_pipeline.indicators.certainty import index_certainty
from geo_pipeline.publishing.certainty import (
    ClassCertainty,
    certainty_of,
    certainty_words,
    chance_note,
)
from geo_pipeline.publishing.sentences import sentence, statement

STYLES = {style.code: style for style in DROUGHT_CLASSES}


def test_the_classes_that_may_be_right_are_named_from_the_mild_to_the_grave() -> None:
    """The range of -1.45 with 12 years is -2.0 to -0.9, as the science has it: D1 to D3."""
    known = ClassCertainty(2.4, 19.5, 0.27)  # percentiles of -1.98 and -0.86
    assert certainty_words("spi_3", STYLES["D2"], known, "en") == (
        "Uncertain class: between moderate drought and extreme drought (8 chances in 10)"
    )
    assert certainty_words("spi_3", STYLES["D2"], known, "fr").replace("\u00a0", " ") == (
        "Classe incertaine : entre sécheresse modérée et sécheresse extrême (8 chances sur 10)"
    )


def test_a_range_within_the_class_is_not_told() -> None:
    assert certainty_words("spi_3", STYLES["D2"], ClassCertainty(6.0, 9.0, 0.9)) == ""
    assert certainty_words("spi_3", STYLES["D2"], None) == ""


def test_the_class_that_is_told_is_among_those_named() -> None:
    """A kernel's index may lie outside its own range: the sentence still holds the class."""
    said = certainty_words("sswi", STYLES["D4"], ClassCertainty(6.0, 9.0, 0.1), "en")
    assert said.startswith("Uncertain class: between severe drought and exceptional drought")


@pytest.mark.parametrize("indicator", ["spi_3", "combined", "swi"])
def test_limits_are_those_of_the_science(indicator: str) -> None:
    """Percentiles on either side of each limit, compared with the classes of the indicators."""
    shares = np.linspace(0.05, 99.95, 1000)
    of_rank = usdm_class_from_percentile(shares)
    of_index = usdm_class(ndtri(shares / 100.0))
    for share, code in zip(shares, of_rank if indicator == "swi" else of_index, strict=True):
        assert certainty_words(indicator, STYLES[code], ClassCertainty(share, share, 0.5)) == ""


def test_a_row_tells_it_in_its_sentence() -> None:
    known = index_certainty(-1.45, 12)
    assert float(known.class_chance) < 0.3
    row = {"percentile_low": 2.4, "percentile_high": 19.5, "class_chance": 0.27}
    told = {"value": -1.45, "percentile": 7.4, "drought_class": "D2", "reference_years": 12.0}
    said = sentence("spi_3", "Gers", **told, certainty=certainty_of(row), lang="en")
    assert said.endswith(
        "Uncertain class: between moderate drought and extreme drought (8 chances in 10)."
    )
    assert "Uncertain" not in statement("spi_3", **told, lang="en").body


def test_a_map_tells_how_often_its_classes_are_right() -> None:
    assert chance_note(np.array([0.2, 0.4, np.nan]), "en") == (
        "On average the class told is the right one 30 times in 100"
    )
    assert chance_note(np.array([np.nan])) == ""
    assert chance_note(np.array([])) == ""
