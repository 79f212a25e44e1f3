"""Asset checks: on the rows of the lake beyond their schema, and on the state of everything.

One factory makes the checks of each table from its record: their names, and the function that
finds. They run after the asset and before what depends on it. Findings go to `<home>/findings`: an
error holds its département back from publication, a warning is shown. A run of one département
fails with an error of it; a run of many never does.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

import dagster as dg
import pandas as pd

from geo_pipeline.errors import DamagedError, HeldError
from geo_pipeline.objects import at_hand
from geo_pipeline.platform.check_events import evaluate
from geo_pipeline.platform.partitions import departement_partitions
from geo_pipeline.platform.state_checks import (
    STATE,
    evaluation,
    state_description,
    table_of,
    tables,
)
from geo_pipeline.platform.step_failures import failure
from geo_pipeline.runtime.guard import time_limit
from geo_pipeline.runtime.table_assets import settled
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.settings import Settings
from geo_pipeline.spatial import database
from geo_pipeline.storage.failures import WHOLE
from geo_pipeline.storage.findings import Finding, Severity
from geo_pipeline.storage.lake import Lake, partition
from geo_pipeline.storage.lake_rows import arrow_schema
from geo_pipeline.storage.partition_states import freshness, of_check, unreadable
from geo_pipeline.table_rows import empty
from geo_pipeline.tables import Table, chosen
from geo_pipeline.territory import CODES
from geo_pipeline.transforms import quality
from geo_pipeline.words import joined, message

Cases = dict[tuple[str, str, str], Mapping[str, object]]
"""More about a finding, by département, check and severity."""


Find = Callable[[Workspace, Sequence[str], datetime], pd.DataFrame]
"""Given the départements to check and the time, returns findings as `transforms.quality` does."""


def checks(settings: Settings) -> list[dg.AssetChecksDefinition]:
    """Return the checks of the tables that `settings` choose, and those of the present state."""
    of = chosen(settings)
    present = _state_checks(tables(each.name for each in of))
    return [*(_checks(each) for each in of if each.checks), present]


def check_keys(of: Iterable[Table]) -> list[dg.AssetCheckKey]:
    """Return the keys of the data checks of these tables."""
    return [dg.AssetCheckKey(dg.AssetKey(each.name), check) for each in of for check in each.checks]


# The factory ----------------------------------------------------------------------------------


def _checks(of: Table) -> dg.AssetChecksDefinition:
    """Return the checks of one table, as one step."""
    partitions = departement_partitions if of.partitioned else None
    with settled():
        specs = [
            dg.AssetCheckSpec(
                name,
                asset=of.name,
                description=f"{what} Limits: docs/checks.md.",
                additional_deps=of.checked_with,
                partitions_def=partitions,
                blocking=True,
            )
            for name, what in of.checks.items()
        ]

        @dg.multi_asset_check(name=f"{of.name}_quality", specs=specs)
        def judge(
            context: dg.AssetCheckExecutionContext, workspace: dg.ResourceParam[Workspace]
        ) -> Iterator[dg.Output[None]]:
            step = context.op_execution_context
            is_partial = step.has_partition_key or step.has_partition_key_range
            codes = step.partition_keys if is_partial and of.partitioned else CODES
            with time_limit(f"checks of {of.name}", workspace.settings.step_timeout_s):
                _judge(step, workspace.for_a_step(), of, codes)
            for name in of.checks:
                yield dg.Output(None, output_name=f"{of.name}_{name}")

    return judge


def _judge(
    step: dg.OpExecutionContext, workspace: Workspace, of: Table, codes: Sequence[str]
) -> None:
    """Run the checks of a table, record their findings, and report them to Dagster.

    Raises:
        dagster.Failure: the run is of one département, and a check found an error in it.
    """
    now = datetime.now(UTC)
    damaged = {
        each.departement: str(each.why) for each in unreadable(workspace.lake, [of.name], codes)
    }
    if not of.partitioned and damaged:  # it cannot be checked: earlier findings stay
        evaluate(step, [_unreadable(of.name, name, None, damaged[WHOLE]) for name in of.checks])
        return
    found: dict[str, list[Finding]] = {code: [] for code in codes}
    cases: Cases = {}
    for row in FIND[of.name](workspace, codes, now).to_dict("records"):
        if (code := str(row["departement"])) in found:
            moment = now.isoformat(timespec="seconds")
            severity: Severity = "error" if row["severity"] == "error" else "warning"
            check = str(row["check"])
            found[code].append(Finding(of.name, code, check, severity, row["what"], moment))
            cases[code, check, severity] = {str(name): value for name, value in row.items()}
    for code in found.keys() - damaged.keys():
        found[code] = _recorded(workspace, of, code, found[code])
    every = [each for several in found.values() for each in several]
    groups: list[tuple[str | None, list[Finding]]] = [(None, every)]
    if of.partitioned:
        there = [code for code in codes if workspace.lake.path(of.name, code).exists()]
        groups = [(code, found[code]) for code in there]
    evaluate(
        step,
        [
            _unreadable(of.name, name, code, damaged[code])
            if code in damaged
            else _evaluation(of.name, name, [one for one in some if one.check == name], cases, code)
            for name in of.checks
            for code, some in groups
        ],
    )
    errors = [each for each in every if each.severity == "error"]
    for each in errors:
        step.log.error(f"{each.table}, département {each.departement}, {each.check}: {each.what}")
    if errors and len(codes) == 1:
        what = joined(of_check(each) for each in errors)
        held = HeldError(message("held_back", table=of.name, departement=codes[0], what=what))
        raise failure(held.message) from held


def _recorded(
    workspace: Workspace, of: Table, code: str, found: Sequence[Finding]
) -> list[Finding]:
    """Replace the earlier findings; one that is found again keeps its first date."""
    earlier = {
        (each.check, each.severity): each.found_at for each in workspace.findings.of(of.name, code)
    }
    dated = [
        replace(each, found_at=earlier.get((each.check, each.severity), each.found_at))
        for each in found
    ]
    if dated or earlier:
        workspace.findings.replace(of.name, code, dated, of.checks)
    return dated


def _evaluation(
    table: str,
    check: str,
    found: Sequence[Finding],
    cases: Cases,
    code: str | None = None,
) -> dg.AssetCheckEvaluation:
    """Return the evaluation of one check, of one partition (`code`) or of the whole table."""
    is_error = any(each.severity == "error" for each in found)
    metadata: dict[str, dg.TableMetadataValue] = {}
    if found:
        metadata["findings"] = table_of(
            [
                {
                    "departement": each.departement,
                    "severity": each.severity,
                    "what": str(each.what),
                    "cases": int(str(row["cases"])),
                    "first": str(row["first"]),
                    "last": str(row["last"]),
                    "since": each.found_at,
                }
                for each in found
                for row in [cases[each.departement, each.check, each.severity]]
            ]
        )
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(table),
        check_name=check,
        passed=not found,
        severity=dg.AssetCheckSeverity.ERROR if is_error else dg.AssetCheckSeverity.WARN,
        blocking=True,
        partition=code,
        description="; ".join(str(each.what) for each in found[:3]) or None,
        metadata=metadata,
    )


def _unreadable(table: str, check: str, code: str | None, why: str) -> dg.AssetCheckEvaluation:
    """Return the evaluation of a partition that cannot be checked because its file is damaged."""
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(table),
        check_name=check,
        passed=False,
        severity=dg.AssetCheckSeverity.ERROR,
        blocking=True,
        partition=code,
        description=why,
    )


# The present state ----------------------------------------------------------------------------


def _state_checks(names: Sequence[str]) -> dg.AssetChecksDefinition:
    """Return the checks of the present state of each table: they can be run at any time."""

    @dg.multi_asset_check(
        name="present_state",
        specs=[
            dg.AssetCheckSpec(STATE, asset=name, description=state_description(name))
            for name in names
        ],
        can_subset=True,
    )
    def present_state(
        context: dg.AssetCheckExecutionContext, workspace: dg.ResourceParam[Workspace]
    ) -> Iterator[dg.AssetCheckResult]:
        # Slow to import, and not needed to define anything.
        from geo_pipeline.automation.monitoring import snapshot  # noqa: PLC0415

        run_id = context.op_execution_context.run_id
        taken = snapshot(workspace.settings, context.instance, datetime.now(UTC), asked_by=run_id)
        for key in context.selected_asset_check_keys:
            yield evaluation(key.asset_key.to_user_string(), taken)

    return present_state


# What is looked for ---------------------------------------------------------------------------


def _weather(workspace: Workspace, codes: Sequence[str], now: datetime) -> pd.DataFrame:
    pairs = _pairs(workspace, codes)
    columns = ["departement", "date", "tmin_c", "tmax_c", "tmean_c", "precip_mm"]
    columns += ["source", "resolution"]
    rows = _read(workspace.lake, "weather_daily", [*codes, *pairs["neighbour"]], columns)
    months = quality.monthly(rows)
    own = rows[rows["departement"].isin(codes)].reset_index(drop=True)
    own_months = months[months["departement"].isin(codes)].reset_index(drop=True)
    compared = database.run("quality_neighbours", {"months": months, "pairs": pairs})
    return pd.concat(
        [
            quality.days(own, pd.Timestamp(now.date())),
            quality.order(own),
            quality.climatology(own, own_months),
            quality.jumps(own),
            quality.neighbours(compared),
            *_other_source(workspace, codes),
            _late(workspace, "weather_daily", codes, now),
        ]
    )


def _other_source(workspace: Workspace, codes: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Yield the reports on the overlap of two histories, where there are two."""

    if workspace.settings.history is None:
        return
    folder = workspace.settings.reports / "history_overlap"
    for path in (folder / f"{code}.csv" for code in codes):
        if path.exists():
            yield quality.other_source(pd.read_csv(at_hand(path), dtype={"departement": str}))


def _late(workspace: Workspace, table: str, codes: Sequence[str], now: datetime) -> pd.DataFrame:
    return quality.freshness(freshness(workspace.settings, now, tables=(table,), codes=codes))


def _crops(workspace: Workspace, codes: Sequence[str], now: datetime) -> pd.DataFrame:
    pairs = _pairs(workspace, codes)
    rows = _read(workspace.lake, "crop_statistics", [*codes, *pairs["neighbour"]])
    own = rows[rows["departement"].isin(codes)].reset_index(drop=True)
    yields = rows[["departement", "year", "crop", "yield_q_ha"]]
    compared = database.run("quality_crop_neighbours", {"crops": yields, "pairs": pairs})
    areas = workspace.bundled.boundaries().rename(columns={"area_official_km2": "area_km2"})
    return pd.concat(
        [
            quality.crop_area(own, areas[["departement", "area_km2"]]),
            quality.crop_figures(own),
            quality.crop_neighbours(compared),
            _late(workspace, "crop_statistics", codes, now),
        ]
    )


def _pairs(workspace: Workspace, codes: Sequence[str]) -> pd.DataFrame:
    """Return the neighbours of `codes`; none before the borders are computed.

    Where their file is damaged the borders of the embedded outlines are used: a check does not
    write the table again.
    """
    lake = workspace.lake
    there = lake.path("departement_neighbours").exists()
    try:
        pairs = lake.read("departement_neighbours") if there else empty("departement_neighbours")
    except DamagedError:
        boundaries = {"boundaries": workspace.bundled.boundaries()}
        departements = {"departements": database.run("departements", boundaries)}
        pairs = database.run("departement_neighbours", departements)
    return pairs.loc[pairs["departement"].isin(codes), ["departement", "neighbour"]]


def _restrictions(workspace: Workspace, codes: Sequence[str], now: datetime) -> pd.DataFrame:
    return quality.restrictions(workspace.lake.read("water_restrictions"))


def _groundwater(workspace: Workspace, codes: Sequence[str], now: datetime) -> pd.DataFrame:
    rows = _read(workspace.lake, "groundwater", codes)
    return quality.groundwater(rows, pd.Timestamp(now.date()))


def _soil_water(workspace: Workspace, codes: Sequence[str], now: datetime) -> pd.DataFrame:
    return quality.soil_water(
        _selected(workspace.lake, "quality_soil_water", "soil_water_daily", codes)
    )


def _indicators(workspace: Workspace, codes: Sequence[str], now: datetime) -> pd.DataFrame:
    lake = workspace.lake
    rows = _selected(lake, "quality_dekads", "drought_indicators", codes)
    return quality.dekads(rows, _selected(lake, "quality_weather_ends", "weather_daily", codes))


def _outlook(workspace: Workspace, codes: Sequence[str], now: datetime) -> pd.DataFrame:
    return quality.outlook(_read(workspace.lake, "soil_outlook", codes))


def _read(
    lake: Lake, table: str, codes: Sequence[str], columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return the rows of the partitions among `codes` that are there and can be read."""

    there = [code for code in dict.fromkeys(codes) if lake.path(table, code).exists()]
    while there:
        try:
            return lake.read(table, *sorted(there), columns=columns)
        except DamagedError as error:  # the checks of the present state report it
            there.remove(str(partition(error.path)))
    nothing = empty(table)
    return nothing if columns is None else nothing[list(columns)]


def _selected(lake: Lake, script: str, table: str, codes: Sequence[str]) -> pd.DataFrame:
    """Return what `<script>.sql` selects from the readable partitions among `codes`.

    DuckDB reads millions of rows without holding them in memory.
    """

    damaged = {each.path for each in unreadable(lake, [table], codes)}  # reported by `state`
    there = (path for code in codes if (path := lake.path(table, code)).exists())
    if files := [path for path in there if path not in damaged]:
        return database.run_on_files(script, {table: files})
    return database.run(script, {table: arrow_schema(table).empty_table()})


FIND: Final[Mapping[str, Find]] = MappingProxyType(
    {
        "weather_daily": _weather,
        "crop_statistics": _crops,
        "water_restrictions": _restrictions,
        "groundwater": _groundwater,
        "soil_water_daily": _soil_water,
        "drought_indicators": _indicators,
        "soil_outlook": _outlook,
    }
)
"""The function that looks for the findings of each table whose record has checks."""
