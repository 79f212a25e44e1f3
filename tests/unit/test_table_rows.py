"""Rows of a table are the same whatever types they are given in; what breaks a rule is told."""

import pandas as pd
import pytest

from geo_pipeline.table_rows import InvalidTableError, empty, validate

TABLE = "crop_statistics"
COLUMNS = list(empty(TABLE).columns)


def rows(**columns: object) -> pd.DataFrame:
    """Return harvests of three départements, each column as it is stored unless given."""
    stored = {
        "departement": ["01", "02", "75"],
        "year": [2021, 2022, 2022],
        "crop": ["maize", "wheat", "wheat"],
        "area_ha": [10.0, 20.0, float("nan")],
        "yield_q_ha": [90.0, 70.5, float("nan")],
        "production_q": [900.0, 1410.0, float("nan")],
        "source": ["test", "test", "test"],
    }
    frame = pd.DataFrame({**stored, **columns})
    for name in COLUMNS:
        if name not in frame:
            frame[name] = pd.Series([None] * len(frame), dtype=empty(TABLE)[name].dtype)
    return frame


def test_types_and_order_are_those_of_the_table_however_rows_are_given() -> None:
    expected = validate(TABLE, rows())
    assert dict(expected.dtypes) == dict(empty(TABLE).dtypes)
    assert expected["departement"].tolist() == ["01", "02", "75"]
    given = {
        "the same": rows(),
        "numbers as texts": rows(year=["2021", "2022", "2022"], yield_q_ha=["90", "70.5", None]),
        "whole numbers as fractions": rows(year=[2021.0, 2022.0, 2022.0]),
        "another type of text": rows(crop=pd.array(["maize", "wheat", "wheat"], dtype="string")),
        "columns in another order": rows()[COLUMNS[::-1]],
        "rows in another order": rows().iloc[[2, 0, 1]],
        "an index that means nothing": rows().set_index(pd.Index([7, 7, 7])),
    }
    for what, frame in given.items():
        before = frame.copy(deep=True)
        pd.testing.assert_frame_equal(validate(TABLE, frame), expected, obj=what)
        pd.testing.assert_frame_equal(frame, before, obj=f"{what}, which is left as it was")


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"departement": ["01", "02", 75.5]}, "departement"),
        ({"departement": ["01", "02", None]}, "departement"),
        ({"year": ["2021", "2022", "soon"]}, "soon"),
        ({"yield_q_ha": [90.0, -1.0, 70.0]}, "-1.0"),
        ({"yield_q_ha": ["90", "-1", "70"]}, "-1.0"),
        ({"unknown": [1, 2, 3]}, "unknown"),
        ({"departement": ["01"] * 3, "year": [2021] * 3, "crop": ["maize"] * 3}, "uniqueness"),
    ],
)
def test_what_breaks_a_rule_is_told_whatever_its_type(
    columns: dict[str, object], told: str
) -> None:
    with pytest.raises(InvalidTableError, match=told) as error:
        validate(TABLE, rows(**columns))
    assert TABLE in str(error.value)
    assert "\n" not in str(error.value)
