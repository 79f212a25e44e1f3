import itertools
import math
from datetime import date

import numpy as np
import pandas as pd
import pytest

from geo_pipeline.catalogue.crop_names import CROP_NAMES
from geo_pipeline.catalogue.indicator_record import GROUPS
from geo_pipeline.catalogue.indicators import INDICATORS, indicator_of
from geo_pipeline.catalogue.styles import (
    DROUGHT_CLASSES,
    NO_DATA,
    RESTRICTION_LEVELS,
    THIN,
    contrast,
    luminance,
)
from geo_pipeline.indicators import DROUGHT_CLASSES as INDICATOR_CLASSES
from geo_pipeline.publishing.formats import (
    Period,
    format_number,
    format_period,
    format_span,
    format_value,
    shown_value,
)
from geo_pipeline.publishing.legend import (
    class_meaning,
    is_short,
    reference_note,
    style_of,
    years_beaten,
)
from geo_pipeline.publishing.sentences import sentence
from geo_pipeline.schemas import LEVELS
from geo_pipeline.sources.bundled import Bundled
from geo_pipeline.sources.crop_names import CROPS
from geo_pipeline.spatial.zones import ZONE_TYPES
from geo_pipeline.territory import CODES
from geo_pipeline.transforms.drought import drought_indicators
from geo_pipeline.transforms.soil import soil_water_daily
from geo_pipeline.transforms.weather import with_et0
from geo_pipeline.words import NBSP
from tests.conftest import ROOT
from tests.unit.test_drought import weather

NB, TH = NBSP, THIN
ALL_STYLES = [style for each in INDICATORS.values() for style in each.styles]


def plain(text: str) -> str:
    """The text with ordinary spaces, for tests that are not about typography."""
    return text.replace(NB, " ").replace(TH, " ")


# Palette ---------------------------------------------------------------------------------------


def test_the_palette_is_the_agreed_one() -> None:
    colours = {style.code: style.colour for style in DROUGHT_CLASSES}
    assert colours == {
        "D4": "#730000",
        "D3": "#d7301f",
        "D2": "#fc8d59",
        "D1": "#fdcc8a",
        "D0": "#fef0d9",
        "normal": "#f7f7f5",
        "W0": "#d1e5f0",
        "W1": "#67a9cf",
        "W2": "#2166ac",
    }


def test_class_codes_are_those_of_the_indicators() -> None:
    assert tuple(style.code for style in DROUGHT_CLASSES) == INDICATOR_CLASSES


def test_contrast_of_black_on_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_text_on_every_class_meets_wcag_aa() -> None:
    pairs = {(style.colour, style.text_colour) for style in [*ALL_STYLES, NO_DATA]}
    assert not {pair for pair in pairs if contrast(*pair) < 4.5}


def _lab(colour: str) -> np.ndarray:
    rgb = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    matrix = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = matrix @ linear / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_restriction_colours_are_clearly_not_drought_colours() -> None:
    levels = [style for style in RESTRICTION_LEVELS if style.code != "none"]
    for level, drought in itertools.product(levels, DROUGHT_CLASSES):
        distance = np.linalg.norm(_lab(level.colour) - _lab(drought.colour))
        assert distance > 20, (level.code, drought.code)


def test_classes_of_one_legend_can_be_told_apart() -> None:
    alike = [
        (indicator, one.code, other.code)
        for indicator, record in INDICATORS.items()
        for one, other in itertools.combinations(record.styles, 2)
        if np.linalg.norm(_lab(one.colour) - _lab(other.colour)) <= 4
    ]
    assert not alike


def test_restrictions_and_amounts_darken_step_by_step_so_that_grey_print_reads() -> None:
    for indicator, darkest_first in (("water_restrictions", True), ("precip_mm", False)):
        tones = [luminance(style.colour) for style in INDICATORS[indicator].styles]
        if indicator == "water_restrictions":
            tones = tones[:-1]  # no restriction is neutral, beside the ramp
        assert tones == sorted(tones, reverse=not darkest_first)


# Indicators ------------------------------------------------------------------------------------


def test_all_indicators_are_named_and_explained_in_both_languages() -> None:
    for each in INDICATORS.values():
        for words in (each.name, each.short_name, each.explanation, each.value_name):
            assert words.fr
            assert words.en
        assert each.explanation.fr.endswith(".")
        assert each.explanation.en.endswith(".")


def test_every_published_indicator_can_be_shown_but_for_two_that_tell_of_events() -> None:
    days = with_et0(weather("2010-01-01", "2012-12-31"))
    source = Bundled(ROOT / "assets_data")
    crops = source.crop_parameters()
    soil = soil_water_daily(days, crops, source.soil_storage())
    published = set(drought_indicators(days, soil, crops)["indicator"])
    assert published - set(INDICATORS) == {"drought_severity", "drought_peak"}
    elsewhere = {key for key, each in INDICATORS.items() if each.computation is None}
    assert set(INDICATORS) - published == elsewhere
    assert {each.group for each in INDICATORS.values()} == set(GROUPS)


def test_restrictions_and_yields_come_from_elsewhere_than_the_weather() -> None:
    """Each crop that a provider is known to tell of has a name and an indicator of its yield."""
    crops = {*CROPS, *Bundled(ROOT / "assets_data").crop_statistics(CODES)["crop"]}
    yields = {f"yield_anomaly_pct_{crop}" for crop in crops}
    assert crops <= set(CROP_NAMES)
    by_asset = {
        asset: {key for key, each in INDICATORS.items() if each.asset == asset}
        for asset in ("crop_statistics", "water_restrictions")
    }
    areas = {f"restricted_area_pct_{water}_{level}" for water in ZONE_TYPES for level in LEVELS[1:]}
    restrictions = {"water_restrictions", *areas}
    assert by_asset == {"crop_statistics": yields, "water_restrictions": restrictions}
    steps = {each.asset: each.step for each in INDICATORS.values()}
    assert steps == {
        "weather_daily": "dekad",
        "crop_statistics": "year",
        "water_restrictions": "day",
    }


def test_unknown_names_are_refused_in_one_line_that_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"unknown indicator 'spi_2': expected one of .*spi_3"):
        indicator_of("spi_2")
    with pytest.raises(ValueError, match="unknown class 'D9' for spi_3: expected D4, D3"):
        style_of("spi_3", drought_class="D9")
    with pytest.raises(ValueError, match="unknown language 'de': expected one of fr, en"):
        format_number(1, lang="de")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unknown step 'week'"):
        format_period(date(2022, 8, 31), "week")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (-100, "déficit de plus de 75 %"),
        (-75, "déficit de 50 à 75 %"),
        (-40, "déficit de 25 à 50 %"),
        (-10, "proche de la normale (± 10 %)"),
        (0, "proche de la normale (± 10 %)"),
        (10, "excédent de 10 à 25 %"),
        (400, "excédent de plus de 75 %"),
    ],
)
def test_anomalies_fall_in_their_bin(value: float, words: str) -> None:
    assert plain(style_of("precip_anomaly_pct", value).name.fr) == words


@pytest.mark.parametrize(
    ("value", "fr", "en"),
    [
        (-33.1, "plus de 30 % sous la moyenne", "more than 30% below the mean"),
        (-30, "20 à 30 % sous la moyenne", "20 to 30% below the mean"),
        (-12, "10 à 20 % sous la moyenne", "10 to 20% below the mean"),
        (-5, "proche de la moyenne (± 5 %)", "close to the mean (±5%)"),
        (5, "5 à 10 % au-dessus de la moyenne", "5 to 10% above the mean"),
        (30, "plus de 30 % au-dessus de la moyenne", "more than 30% above the mean"),
    ],
)
def test_yields_fall_in_their_bin(value: float, fr: str, en: str) -> None:
    style = style_of("yield_anomaly_pct_soft_wheat", value)
    assert (plain(style.name.fr), plain(style.name.en)) == (fr, en)


def test_amounts_fall_in_their_bin() -> None:
    names = [plain(style_of("precip_mm", mm).name.en) for mm in (0, 9.9, 10, 199, 200, 999)]
    assert names == [
        "less than 10 mm",
        "less than 10 mm",
        "10 to 25 mm",
        "150 to 200 mm",
        "200 mm and more",
        "200 mm and more",
    ]


@pytest.mark.parametrize("missing", [None, math.nan, pd.NA, pd.NaT])
def test_every_kind_of_missing_is_no_data(missing: object) -> None:
    assert style_of("precip_mm", missing) is NO_DATA
    assert style_of("spi_3", drought_class=missing) is NO_DATA


# Numbers and dates -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "decimals", "fr", "en"),
    [
        (1234567.891, 1, f"1{TH}234{TH}567,9", "1,234,567.9"),
        (-1234.5, 1, f"−1{TH}234,5", "−1,234.5"),
        (2.5, 0, "3", "3"),
        (0.125, 2, "0,13", "0.13"),
        (1.005, 2, "1,01", "1.01"),
        (-0.04, 0, "0", "0"),
        (math.nan, 0, f"n.{NB}d.", "n/a"),
        (None, 0, f"n.{NB}d.", "n/a"),
        (math.inf, 0, f"n.{NB}d.", "n/a"),
    ],
)
def test_numbers(value: float | None, decimals: int, fr: str, en: str) -> None:
    assert format_number(value, decimals) == fr
    assert format_number(value, decimals, "en") == en


@pytest.mark.parametrize(
    ("value", "fr", "en"),
    [
        (0, "0 jour", "0 days"),
        (1, "1 jour", "1 day"),
        (2, "2 jours", "2 days"),
        (1000, f"1{TH}000 jours", "1,000 days"),
    ],
)
def test_the_unit_of_one_is_singular(value: float, fr: str, en: str) -> None:
    """In French that of zero too."""
    assert format_value("days_since_rain", value).replace(NB, " ") == fr
    assert format_value("days_since_rain", value, "en").replace(NB, " ") == en


def test_values_carry_their_unit_and_departures_their_sign() -> None:
    assert format_value("precip_mm", 1042.4) == f"1{TH}042{NB}mm"
    assert format_value("precip_anomaly_pct", 12) == f"+12{TH}%"
    assert format_value("precip_anomaly_pct", -12, "en") == "−12%"
    assert format_value("precip_anomaly_pct", 0.2, "en") == "0%"
    assert format_value("spi_3", -1.416) == "−1,42"
    assert format_value("spi_3", math.nan, "en") == "n/a"


def test_the_combined_class_shows_its_score() -> None:
    assert shown_value("combined", -1.4, 8.0) == 92
    assert shown_value("combined", -0.8, 21.2) == 78
    assert shown_value("combined", 72, None) == 72
    assert shown_value("spi_3", -1.4, 8.0) == -1.4


@pytest.mark.parametrize(
    ("day", "step", "fr", "en"),
    [
        (date(2022, 8, 31), "month", "août 2022", "August 2022"),
        (date(2022, 8, 20), "dekad", "2e décade d'août 2022", "11-20\u00a0August 2022"),
        (date(2022, 4, 10), "dekad", "1re décade d'avril 2022", "1-10\u00a0April 2022"),
        (date(2022, 10, 31), "dekad", "3e décade d'octobre 2022", "21-31\u00a0October 2022"),
        (date(2022, 5, 31), "dekad", "3e décade de mai 2022", "21-31\u00a0May 2022"),
        (date(2022, 2, 28), "dekad", "3e décade de février 2022", "21-28\u00a0February 2022"),
        (date(2026, 10, 3), "day", f"3{NB}octobre 2026", f"3{NB}October 2026"),
        (date(2022, 12, 31), "year", "2022", "2022"),
        (date(2026, 5, 1), "day", f"1er{NB}mai 2026", f"1{NB}May 2026"),
    ],
)
def test_periods(day: date, step: Period, fr: str, en: str) -> None:
    assert format_period(day, step) == fr
    assert format_period(day, step, "en") == en


def test_spans_cross_the_year() -> None:
    assert format_span(date(2022, 8, 31), 1) == "août 2022"
    assert format_span(date(2022, 8, 31), 3) == "juin à août 2022"
    assert format_span(date(2022, 2, 28), 3) == "décembre 2021 à février 2022"
    assert format_span(date(2022, 12, 31), 12, "en") == "January to December 2022"
    assert format_span(date(2022, 8, 31), 12, "en") == "September 2021 to August 2022"


# Sentences -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("percentile", "dry", "fr", "en"),
    [
        (8, True, "92 années sur 100", "92 years in 100"),
        (8.000001, True, "91 années sur 100", "91 years in 100"),
        (100 * 0.08, True, "92 années sur 100", "92 years in 100"),
        (10, True, "90 années sur 100", "90 years in 100"),
        (0.3, True, "99 années sur 100", "99 years in 100"),
        (0, True, "99 années sur 100", "99 years in 100"),
        (85.9, False, "85 années sur 100", "85 years in 100"),
        (100, False, "99 années sur 100", "99 years in 100"),
    ],
)
def test_ranks_never_claim_more_than_the_number(
    percentile: float, dry: bool, fr: str, en: str
) -> None:
    assert plain(years_beaten(percentile, dry=dry)) == fr
    assert plain(years_beaten(percentile, dry=dry, lang="en")) == en


@pytest.mark.parametrize(
    ("code", "years", "french", "english"),
    [
        (
            "D4",
            30,
            "pas plus de 2 années sur 100 sont aussi sèches",
            "this dry at most 2 years in 100",
        ),
        (
            "D4",
            None,
            "pas plus de 2 années sur 100 sont aussi sèches",
            "this dry at most 2 years in 100",
        ),
        ("W0", 62, "aussi humide 7 à 16 années sur 100", "this wet 7 to 16 years in 100"),
        (  # 2 % of 12 years are 0.24 of one
            "D4",
            12,
            "d'ordinaire le plus sec des 12 années connues, et de loin",
            "usually the driest of the 12 years known, by far",
        ),
        (  # 5 to 10 % are 0.6 to 1.2 years
            "D2",
            12,
            "d'ordinaire le 1er ou le 2e plus sec des 12 années connues",
            "usually the 1st or 2nd driest of the 12 years known",
        ),
        (  # 10 to 20 % of 10 years: the second of them, without a remainder
            "D1",
            10,
            "d'ordinaire le 2e plus sec des 10 années connues",
            "usually the 2nd driest of the 10 years known",
        ),
        (  # 5.8 to 8.7 years
            "D0",
            29,
            "d'ordinaire du 6e au 9e plus sec des 29 années connues",
            "usually the 6th to 9th driest of the 29 years known",
        ),
        (
            "W1",
            12,
            "d'ordinaire le plus humide des 12 années connues",
            "usually the wettest of the 12 years known",
        ),
        (
            "normal",
            12,
            "proche de ce qu'on voit d'habitude à cette date",
            "close to what is usual then",
        ),
    ],
)
def test_what_a_class_means_against_its_reference(
    code: str, years: float | None, french: str, english: str
) -> None:
    style = next(each for each in DROUGHT_CLASSES if each.code == code)
    assert plain(class_meaning(style, years, "fr")) == french
    assert plain(class_meaning(style, years, "en")) == english


SHORT = {"reference_years": 12, "reference_period": "2010-2022"}


@pytest.mark.parametrize(
    ("indicator", "row", "fr", "en"),
    [
        (
            "spi_3",
            {"percentile": 8, "drought_class": "D2", "ranked": (2, 12), **SHORT},
            "Gers : sécheresse grave. Sur 3 mois, la 2e plus faible pluie des 12 années connues à "
            "cette date (normale 2010-2022, référence courte de 12 ans †).",
            "Gers: severe drought. Over 3 months, the 2nd least rain of the 12 years known at "
            "this date (normal 2010-2022, short reference of 12 years †).",
        ),
        (
            "swi",
            {"percentile": 1.5, "drought_class": "D4", "ranked": (1, 12), **SHORT},
            "Gers : sécheresse exceptionnelle †. Le sol est le plus sec des 12 années connues à "
            "cette date (normale 2010-2022, référence courte de 12 ans †).",
            "Gers: exceptional drought †. The soil is the driest of the 12 years known at this "
            "date (normal 2010-2022, short reference of 12 years †).",
        ),
        (
            "swi",
            {"percentile": 96, "drought_class": "W1", "ranked": (10, 12), **SHORT},
            "Gers : très humide. Le sol est le 3e plus humide des 12 années connues à cette date "
            "(normale 2010-2022, référence courte de 12 ans †).",
            "Gers: very wet. The soil is the 3rd wettest of the 12 years known at this date "
            "(normal 2010-2022, short reference of 12 years †).",
        ),
        (
            "spi_3",
            {"percentile": 8, "drought_class": "D2", **SHORT},
            "Gers : sécheresse grave. Sur 3 mois, il a plu moins que d'habitude à cette date "
            "(normale 2010-2022, référence courte de 12 ans †).",
            "Gers: severe drought. Over 3 months, there was less rain than usual for the date "
            "(normal 2010-2022, short reference of 12 years †).",
        ),
        (
            "spi_1",
            {"percentile": 10, "drought_class": "D2", "reference_years": 30},
            "Gers : sécheresse grave. Sur le mois, il a plu moins que dans 90 années sur 100 à "
            "cette date.",
            "Gers: severe drought. Over the month, there was less rain than in 90 years in 100 at "
            "this date.",
        ),
        (
            "spi_6",
            {"percentile": 95, "drought_class": "W1", "reference_period": (1991, 2020)},
            "Gers : très humide. Sur 6 mois, il a plu davantage que dans 95 années sur 100 à cette "
            "date (normale 1991-2020).",
            "Gers: very wet. Over 6 months, there was more rain than in 95 years in 100 at this "
            "date (normal 1991-2020).",
        ),
        (
            "spi_12",
            {"percentile": 45, "drought_class": "normal"},
            "Gers : normal. Sur 12 mois, il a plu à peu près comme d'habitude à cette date.",
            "Gers: normal. Over 12 months, there was about the usual rain for the date.",
        ),
        (
            "spi_3",
            {"drought_class": "D1"},
            "Gers : sécheresse modérée. Sur 3 mois, il a plu moins que d'habitude à cette date.",
            "Gers: moderate drought. Over 3 months, there was less rain than usual for the date.",
        ),
        (
            "spi_3",
            {"value": math.nan, "reason": "série interrompue", **SHORT},
            "Gers : pas de données. Série interrompue.",
            "Gers: no data. Série interrompue.",
        ),
        (
            "precip_mm",
            {"value": 42.5},
            "Gers : 43 mm de pluie.",
            "Gers: 43 mm of rain.",
        ),
        (
            "precip_mm",
            {"value": 12, "percentile": 15, "ranked": (1, 12), **SHORT},
            "Gers : 12 mm de pluie. Sur le mois, la plus faible pluie des 12 années connues à "
            "cette date (normale 2010-2022, référence courte de 12 ans †).",
            "Gers: 12 mm of rain. Over the month, the least rain of the 12 years known at "
            "this date (normal 2010-2022, short reference of 12 years †).",
        ),
        (
            "precip_anomaly_pct",
            {"value": -40},
            "Gers : 40 % de pluie en moins que la normale.",
            "Gers: 40% less rain than normal.",
        ),
        (
            "precip_anomaly_pct",
            {"value": 12.4, "reference_period": "1991-2020"},
            "Gers : 12 % de pluie en plus que la normale. Normale 1991-2020.",
            "Gers: 12% more rain than normal. Normal 1991-2020.",
        ),
        (
            "precip_anomaly_pct",
            {"value": -0.3},
            "Gers : comme la normale.",
            "Gers: as normal.",
        ),
        (
            "yield_anomaly_pct_soft_wheat",
            {"value": -33.1},
            "Gers : 33 % sous la moyenne des 5 récoltes précédentes.",
            "Gers: 33% below the mean of the 5 harvests before.",
        ),
        (
            "yield_anomaly_pct_sunflower",
            {"value": 12.4},
            "Gers : 12 % au-dessus de la moyenne des 5 récoltes précédentes.",
            "Gers: 12% above the mean of the 5 harvests before.",
        ),
        (
            "yield_anomaly_pct_vineyard",
            {"value": 0.3},
            "Gers : comme la moyenne des 5 récoltes précédentes.",
            "Gers: as the mean of the 5 harvests before.",
        ),
        (
            "combined",
            {"value": -2.1, "percentile": 1.8, "drought_class": "D4"},
            "Gers : sécheresse exceptionnelle. Plus sec que 98 années sur 100 à cette date.",
            "Gers: exceptional drought. Drier than 98 years in 100 at this date.",
        ),
        (
            "combined",
            {"drought_class": "D4"},
            "Gers : sécheresse exceptionnelle. Pas plus de 2 années sur 100 sont aussi sèches.",
            "Gers: exceptional drought. This dry at most 2 years in 100.",
        ),
        (
            "water_restrictions",
            {"drought_class": "vigilance", **SHORT},
            "Gers : vigilance. Niveau le plus élevé quelque part dans le département : chacun est "
            "invité à économiser l'eau.",
            "Gers: watch. Highest level anywhere in the département: everyone is asked to save "
            "water.",
        ),
        (
            "water_restrictions",
            {"drought_class": "none"},
            "Gers : aucune restriction. Aucun arrêté en vigueur.",
            "Gers: no restriction. No order in force.",
        ),
    ],
)
def test_sentences(indicator: str, row: dict[str, object], fr: str, en: str) -> None:
    assert plain(sentence(indicator, "Gers", **row)) == fr  # type: ignore[arg-type]
    assert plain(sentence(indicator, "Gers", lang="en", **row)) == en  # type: ignore[arg-type]


def test_a_full_reference_is_not_marked_short() -> None:
    assert not is_short(30)
    assert is_short(29)
    assert not is_short(None)
    assert reference_note("1991-2020", 30) == "normale 1991-2020"
    assert plain(reference_note(None, 1, "en")) == "short reference of 1 year †"


def test_french_never_breaks_before_its_double_punctuation() -> None:
    texts = [
        words.fr
        for each in INDICATORS.values()
        for words in (
            each.name,
            each.explanation,
            each.phrase,
            each.surplus,
            *(style.name for style in each.styles),
        )
    ]
    texts.append(sentence("spi_3", "Gers", percentile=8, drought_class="D2", **SHORT))  # type: ignore[arg-type]
    for text in texts:
        assert not any(f" {mark}" in text for mark in ":;!?%"), text


def test_soil_and_balance_are_told_as_what_they_are() -> None:
    soil = sentence("swi", "Gers", value=0.2, percentile=10, drought_class="D2", lang="fr")
    assert plain(soil) == (
        "Gers : sécheresse grave. Le sol est plus sec que 90 années sur 100 à cette date."
    )
    balance = sentence("spei_3", "Gers", value=-1.4, percentile=8, drought_class="D2", lang="en")
    assert plain(balance) == (
        "Gers: severe drought. Over 3 months, rain less evaporation is drier than 92 years in 100 "
        "at this date."
    )
    usual = sentence("swi", "Gers", value=0.8, percentile=50, drought_class="normal")
    assert plain(usual) == "Gers : normal. Le sol est à peu près comme d'habitude à cette date."
