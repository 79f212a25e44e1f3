"""The risk table: computed again for changed départements and their neighbours.

The file records what the rows of each département were made from. The rows of the others are taken
over unless a dekad was gained or lost, so the file is, to the byte, what computing all rows would
give. Its inputs are here, the computation in `sql/departement_risk.sql`
and, for the areas of crops, which `sql/exposure.sql` shares, in `sql/crop_areas.sql`.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from geo_pipeline import sql
from geo_pipeline.catalogue.indicators import INDICATORS
from geo_pipeline.errors import DamagedError, StorageError
from geo_pipeline.provenance import Provenance
from geo_pipeline.spatial import database
from geo_pipeline.spatial.parameters import restriction_levels
from geo_pipeline.storage.lake import Lake, partition
from geo_pipeline.storage.lake_rows import arrow_schema

RISK: Final = "departement_risk"
CROP_AREAS: Final = "crop_areas"

DRIVERS: Final = (
    "combined",
    *(key for key, indicator in INDICATORS.items() if indicator.standardised),
)
"""The indicators that it is made from."""

BY_DEPARTEMENT: Final = ("drought_indicators", "crop_statistics")
INPUTS: Final = ("departements", "departement_neighbours", *BY_DEPARTEMENT, "water_restrictions")


def risk(
    lake: Lake, seasons: pd.DataFrame, held: Collection[str], warn: Callable[[str], object]
) -> tuple[pd.DataFrame, Provenance]:
    """Return the risk from all readable partitions that are not `held`.

    `seasons` has the growing season of each crop, as `transforms.calendar.crop_seasons` returns it.

    Raises:
        DamagedError: a file of the whole of France is damaged.
    """
    once, left_out = lake.at_once(), set(held)
    while True:
        try:
            origin = once.joint_origin(INPUTS, left_out)
            inputs = _Inputs.of(once, seasons, left_out)
            rows = inputs.risk()
            break
        except DamagedError as error:
            code = partition(error.path)
            if code is None:
                raise
            left_out.add(code)
    if left_out:
        warn(f"départements left out: {', '.join(sorted(left_out))}")
    return database.from_arrow(rows), replace(origin, made_of=json.dumps(inputs.made_of))


@dataclass(frozen=True)
class _Inputs:
    """The inputs of the risk."""

    lake: Lake
    seasons: pd.DataFrame
    left_out: Collection[str]
    tables: dict[str, pa.Table]
    """Tables of the whole of France, by name."""
    made_of: dict[str, str]
    """Hash of the inputs of each département's rows, without those of its neighbours."""

    @classmethod
    def of(cls, lake: Lake, seasons: pd.DataFrame, left_out: Collection[str]) -> Self:
        """Return the content of `lake`, without the partitions of the départements `left_out`."""
        tables = {name: lake.arrow(name) for name in INPUTS if name not in BY_DEPARTEMENT}
        own: defaultdict[str, list[Any]] = defaultdict(list)
        for name in BY_DEPARTEMENT:
            for path in lake.files(name, left_out):
                own[str(partition(path))].append([name, lake.inspect(path).sha256])
        for name in ("departement_neighbours", "water_restrictions"):
            for row in tables[name].to_pylist():
                own[row["departement"]].append([name, *(str(each) for each in row.values())])
        stand = seasons.to_dict("list")
        queries = [sql.load(name) for name in (RISK, CROP_AREAS)]
        form = [queries, DRIVERS, str(arrow_schema(RISK)), duckdb.__version__, stand]
        made_of = {
            code: hashlib.sha256(json.dumps([form, own[code]]).encode()).hexdigest()
            for code in sorted(tables["departements"]["departement"].to_pylist())
        }
        return cls(lake, seasons, left_out, tables, made_of)

    def risk(self) -> pa.Table:
        """Return the rows, taken from the lake where they would be the same."""
        try:
            recorded = self.lake.footer(RISK).provenance
            before = self.lake.arrow(RISK)
        except StorageError:  # missing or damaged
            return self._made(self.made_of)
        known = json.loads(recorded.get("made_of", "{}"))
        dekads = pc.unique(before["period_end"])
        changed = {code for code in self.made_of if known.get(code) != self.made_of[code]}
        if known.keys() != self.made_of.keys() or not self._are_dekads(dekads, changed):
            return self._made(self.made_of)
        again = changed | self._neighbours(changed)
        if not again:
            return before
        kept = before.filter(pc.invert(_are_of(before, again)))
        return pa.concat_tables([kept.replace_schema_metadata(None), self._made(again, dekads)])

    def _made(self, codes: Collection[str], dekads: pa.Array | None = None) -> pa.Table:
        """Return the rows of `codes`, computed again, at `dekads` or at all."""
        frames = {name: rows.filter(_are_of(rows, codes)) for name, rows in self.tables.items()}
        statistics = self._partitions("crop_statistics", codes)
        frames[CROP_AREAS] = database.table(CROP_AREAS, {"crop_statistics": statistics})
        frames["restriction_levels"] = database.as_arrow(restriction_levels())
        frames["crop_seasons"] = pa.Table.from_pandas(self.seasons, preserve_index=False)
        indicators = self._indicators({*codes, *self._neighbours(codes)})
        frames["drought_indicators"] = indicators
        frames["dekads"] = pa.table(
            {"period_end": pc.unique(indicators["period_end"]) if dekads is None else dekads}
        )
        return database.table(RISK, frames).cast(arrow_schema(RISK))

    def _are_dekads(self, dekads: pa.Array, changed: Collection[str]) -> bool:
        """Return whether these `dekads` are still exactly all.

        One unchanged département that has all of them is enough to know.
        """
        there = set(dekads.to_pylist())
        same = [code for code in self.made_of if code not in changed]
        return all(each <= there for each in self._dekads(changed)) and any(
            each == there for each in self._dekads(same)
        )

    def _dekads(self, codes: Collection[str]) -> Iterator[set[Any]]:
        """Yield the dekads of each of `codes`."""
        for code in codes:
            yield set(pc.unique(self._indicators([code])["period_end"]).to_pylist())

    def _indicators(self, codes: Collection[str]) -> pa.Table:
        return self._partitions("drought_indicators", codes, indicator=DRIVERS)

    def _partitions(self, table: str, codes: Collection[str], **only: Any) -> pa.Table:
        """Return the rows of the partitions of `codes`."""
        return self.lake.arrow(table, {*self.left_out, *self.made_of.keys() - codes}, **only)

    def _neighbours(self, codes: Collection[str]) -> set[str]:
        """Return the neighbours of `codes`."""
        pairs = self.tables["departement_neighbours"]
        return set(pairs.filter(_are_of(pairs, codes))["neighbour"].to_pylist())


def _are_of(rows: pa.Table, codes: Collection[str]) -> pa.Array:
    """Return for each row whether it belongs to one of the départements `codes`."""
    return pc.is_in(rows["departement"], pa.array(sorted(codes), pa.string()))
