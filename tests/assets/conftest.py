"""What tests of runs share: what is computed of the same data is computed once in a test process.

Nearly every test here runs a few départements on the embedded weather. Seasons of crops, skill of
yields and past forecasts of soils take half of such a run and depend on nothing but their
arguments, so a test that gets the same arguments as one before gets its answer. Tests of the
functions themselves lie in `tests/unit`, where each call computes.
"""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest

from geo_pipeline.runtime import yield_tables
from geo_pipeline.transforms import soil_outlook, yields
from geo_pipeline.transforms.crop_seasons import CropSeasons, seasons_of_crops


@pytest.fixture(scope="session", autouse=True)
def _computed_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yield_tables, "seasons_of_crops", _once(_all_seasons, _frames, iter))
        patch.setattr(yields, "measured", _once(yields.measured, _seasons, _rows))
        patch.setattr(
            soil_outlook,
            "outlook_hindcast",
            _once(soil_outlook.outlook_hindcast, _frames, pd.DataFrame.copy),
        )
        yield


def _once(
    function: Callable[..., Any], named: Callable[..., str], copied: Callable[[Any], Any]
) -> Callable[..., Any]:
    """Return `function` with a memory: `named` names its arguments, `copied` copies an answer.

    Nothing is remembered of a call with options.
    """
    known: dict[str, Any] = {}

    def remembered(*arguments: Any, **options: Any) -> Any:
        if any(each is not None for each in options.values()):
            return function(*arguments, **options)
        key = named(*arguments)
        if key not in known:
            known[key] = function(*arguments)
        return copied(known[key])

    return remembered


def _all_seasons(*frames: pd.DataFrame) -> list[CropSeasons]:
    return list(seasons_of_crops(*frames))


def _seasons(seasons: CropSeasons) -> str:
    return seasons.digest


def _rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [dict(row) for row in rows]


def _frames(*frames: pd.DataFrame) -> str:
    hashed = hashlib.sha256()
    for frame in frames:
        hashed.update(repr(list(frame.columns)).encode())
        hashed.update(pd.util.hash_pandas_object(frame).to_numpy().tobytes())
    return hashed.hexdigest()
