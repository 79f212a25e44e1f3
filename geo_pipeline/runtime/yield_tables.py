"""Inputs and provenance of the tables of yields, so that unchanged crops are not measured again.

The file of `yield_skill` names for each crop the harvests, and the weather of their seasons, that
it was measured on; days of a season that is under way do not change it. Between two days on
which a window of a season begins or ends, no table of yields is computed again. Rows are made in
`transforms.yields`.
"""

import hashlib
import inspect
import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType
from typing import Any, Final

import numpy as np
import pandas as pd

from geo_pipeline.errors import StorageError
from geo_pipeline.outlook import (
    baselines,
    evaluation,
    features,
    intervals,
    models,
    rule,
    verification,
)
from geo_pipeline.provenance import Provenance
from geo_pipeline.storage.lake import Lake, partition
from geo_pipeline.storage.partition_states import unreadable
from geo_pipeline.table_rows import empty
from geo_pipeline.transforms import crop_seasons, yields
from geo_pipeline.transforms.crop_seasons import CropSeasons, last_event, seasons_of_crops

SKILL: Final = "yield_skill"
OUTLOOK: Final = "yield_outlook"

WEATHER: Final = "weather_daily"
HARVESTS: Final = "crop_statistics"

INPUTS: Final = {
    WEATHER: ("departement", "date", *features.VARIABLES),
    HARVESTS: ("departement", "year", "crop", "yield_q_ha"),
}
"""Tables that are read, with their columns."""

METHOD: Final[tuple[ModuleType, ...]] = (
    baselines,
    crop_seasons,
    evaluation,
    features,
    intervals,
    models,
    rule,
    verification,
    yields,
)
"""Modules that compute the rows: a change of their text makes the tables again."""

EVERYTHING: Final = "everything"
"""Key of the hash of all inputs, beside the hashes of single crops."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """Inputs of the tables, without départements that are held back or damaged."""

    lake: Lake
    crops: pd.DataFrame
    storage: pd.DataFrame
    left_out: Collection[str]

    @classmethod
    def of(
        cls,
        lake: Lake,
        agronomy: tuple[pd.DataFrame, pd.DataFrame],
        held: Collection[str],
        warn: Callable[[str], object],
    ) -> "Inputs":
        """Return the inputs in `lake`; `agronomy` are the tables of crops and of soils."""
        once = lake.at_once()
        damaged = {each.departement for each in unreadable(once, list(INPUTS))}
        if left_out := {*held, *damaged}:
            warn(f"départements left out: {', '.join(sorted(left_out))}")
        return cls(once, *agronomy, left_out)

    def origin(self, *beside: str) -> Provenance:
        """Return the provenance of a table made from them and from the tables `beside`."""
        return self.lake.joint_origin((*INPUTS, *beside), self.left_out)

    @cached_property
    def form(self) -> str:
        """Hash of the method: code, calendars of crops, soils."""
        texts = [np.__version__, *(inspect.getsource(each) for each in METHOD)]
        tables = [each.to_csv() for each in (self.crops, self.storage)]
        return _sha256([*texts, *tables])

    @cached_property
    def seen(self) -> list[str]:
        """Hashes of all data that the seasons show: the harvests, and the weather until the last
        day on which a window of a season begins or ends. Later days do not change a row."""
        paths = self.lake.files(WEATHER, self.left_out)
        last = [day for path in paths if (day := self.lake.inspect(path).footer.last_date)]
        if not last:
            return [self.origin().sha256]
        until = str(last_event(np.datetime64(max(last)), self.crops))
        harvests = self.lake.joint_origin([HARVESTS], self.left_out).sha256
        weather = [f"{partition(path)} {self.lake.digest_until(path, until)}" for path in paths]
        return [until, harvests, *weather]

    def seasons(self) -> Iterator[CropSeasons]:
        """Yield the seasons of each crop."""
        weather, statistics = (self._rows(table) for table in INPUTS)
        return seasons_of_crops(weather, statistics, self.crops, self.storage)

    def _rows(self, table: str) -> pd.DataFrame:
        codes = [str(partition(path)) for path in self.lake.files(table, self.left_out)]
        columns = list(INPUTS[table])
        return self.lake.read(table, *codes, columns=columns) if codes else empty(table)[columns]


def skill(inputs: Inputs) -> tuple[pd.DataFrame, Provenance]:
    """Return `yield_skill`; crops with the same inputs as before keep their rows."""
    origin = inputs.origin()
    everything = _sha256([inputs.form, *inputs.seen])
    before, known = _as_before(inputs.lake, SKILL)
    if known.get(EVERYTHING) == everything:
        return before, replace(origin, made_of=json.dumps(known))
    rows: list[dict[str, Any]] = []
    made_of = {EVERYTHING: everything}
    for each in inputs.seasons():
        made_of[each.crop] = _sha256([inputs.form, each.digest])
        if known.get(each.crop) == made_of[each.crop]:
            kept = before[before["crop"] == each.crop].to_dict("records")
            rows += [{str(name): value for name, value in row.items()} for row in kept]
        else:
            rows += yields.measured(each)
    return yields.yield_skill(rows), replace(origin, made_of=json.dumps(made_of))


def outlook(inputs: Inputs) -> tuple[pd.DataFrame, Provenance]:
    """Return `yield_outlook`: the rows of the lake, where they would be the same."""
    origin = inputs.origin(SKILL)
    _, measured = _as_before(inputs.lake, SKILL)
    everything = _sha256([inputs.form, *inputs.seen, measured.get(EVERYTHING, "")])
    origin = replace(origin, made_of=json.dumps({EVERYTHING: everything}))
    before, known = _as_before(inputs.lake, OUTLOOK)
    if known.get(EVERYTHING) == everything:
        return before, origin
    return yields.yield_outlook(inputs.seasons(), inputs.lake.read(SKILL)), origin


def _as_before(lake: Lake, table: str) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the rows in the lake, and the hashes of what they were made from."""
    try:
        recorded = lake.footer(table).provenance.get("made_of", "{}")
        return lake.read(table), json.loads(recorded)
    except StorageError:  # not there yet, or damaged
        return empty(table), {}


def _sha256(texts: list[str]) -> str:
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()
