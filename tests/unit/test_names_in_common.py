"""Names that the science, the tables, the legends and SQL have in common: one order, one spelling.

The science knows no other room, so it has names of its own; here it is held that they are the same.
"""

from geo_pipeline import outlook_schemas, schemas
from geo_pipeline.catalogue.styles import DROUGHT_CLASSES, RESTRICTION_LEVELS, STAGES
from geo_pipeline.indicators import classes, combined
from geo_pipeline.outlook.baselines import BASELINES
from geo_pipeline.outlook.rule import VERDICTS
from geo_pipeline.publishing.legend import GRAVE, IN_DROUGHT
from geo_pipeline.territory import CROPPING_YEAR_START
from geo_pipeline.territory import RESTRICTION_LEVELS as LEVELS
from tests.conftest import ROOT


def test_drought_classes() -> None:
    assert tuple(schemas.DROUGHT_CLASSES) == classes.DROUGHT_CLASSES
    assert tuple(style.code for style in DROUGHT_CLASSES) == classes.DROUGHT_CLASSES
    assert set(IN_DROUGHT) == set(classes.DROUGHT_CLASSES[:4])
    assert set(GRAVE) == set(classes.DROUGHT_CLASSES[:2])


def test_sql_means_the_classes_from_d1_to_d4_by_their_order() -> None:
    """`BETWEEN 'D1' AND 'D4'` holds for just these of all classes, as texts are compared."""
    assert {each for each in classes.DROUGHT_CLASSES if "D1" <= each <= "D4"} == set(IN_DROUGHT)
    script = (ROOT / "geo_pipeline" / "sql" / "departement_risk.sql").read_text(encoding="utf-8")
    assert "BETWEEN 'D1' AND 'D4'" in script


def test_levels_of_restriction() -> None:
    assert tuple(schemas.LEVELS) == LEVELS
    strictest_first = tuple(style.code for style in RESTRICTION_LEVELS)
    assert strictest_first == tuple(reversed(("none", *LEVELS)))


def test_stages_of_a_drought() -> None:
    assert set(schemas.STAGES) <= set(combined.COMBINED_CLASSES)
    assert {style.code for style in STAGES} == set(combined.COMBINED_CLASSES)


def test_the_cropping_year_begins_as_the_science_has_it_by_default() -> None:
    from geo_pipeline.indicators.stress import SEASON_START

    assert SEASON_START == CROPPING_YEAR_START


def test_baselines_and_verdicts_of_yields() -> None:
    assert tuple(outlook_schemas.YIELD_BASELINES) == BASELINES
    assert tuple(outlook_schemas.YIELD_VERDICTS) == VERDICTS
