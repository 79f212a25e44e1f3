"""Table assets: valid rows written into the lake, described in Dagster's metadata.

Each table has the blocking check `schema`, made here, with a result for each partition: whether the
rows to be written satisfy `schemas`. Rows that do not are never written.
"""

import functools
import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import dagster as dg
import pandas as pd
import pyarrow as pa
from dagster_pandera import pandera_schema_to_dagster_type

from geo_pipeline import logs
from geo_pipeline.errors import DamagedError, GeoPipelineError, SourceError
from geo_pipeline.platform.check_events import evaluate
from geo_pipeline.platform.partitions import departement_partitions, place_partitions
from geo_pipeline.provenance import Provenance
from geo_pipeline.runtime import france_tables
from geo_pipeline.runtime.guard import guarded
from geo_pipeline.runtime.making import Made, by_departement
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.settings import Settings
from geo_pipeline.storage.findings import READABLE, Finding
from geo_pipeline.storage.lake import Written
from geo_pipeline.table_rows import InvalidTableError, validate
from geo_pipeline.tables import TABLES
from geo_pipeline.transforms.vanished import vanished
from geo_pipeline.words import SEVERAL, Message, message

AssetDecorator = Callable[[Callable[..., Any]], dg.AssetsDefinition]

SCHEMA = "schema"
"""Name of the check."""

TOLD: Final = 5
"""Variables or places named in a message; of more only the number is given."""

OWNERS = ["team:drought-monitor"]
KINDS = {"python", "parquet"}

WHEN_RED: Final = (
    "When it is red: the check `state` lists the départements concerned, each with the reason and "
    "the command that repairs it."
)

AGAIN = dg.RetryPolicy(
    max_retries=2, delay=30, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)
"""Retries for what a network or a disk may refuse now and allow in a minute."""


def table_asset(name: str) -> AssetDecorator:
    """Return the decorator of the asset that writes the table `name`, following its record.

    An asset that asks a provider is retried, within the limit of the pool `provider_<what>`. All
    partitions of a backfill are one run, since separate runs would each take seconds to start.
    Damaged tables of the whole of France that the asset depends on are made again first.
    """
    table = TABLES[name]
    options: dict[str, Any] = {"deps": [dg.AssetKey(each) for each in table.made_from]}
    if table.asks is not None:
        options |= {"retry_policy": AGAIN, "pool": f"provider_{table.asks}"}
    with settled():
        if table.partitioned:
            policy = dg.BackfillPolicy.single_run()
            options |= {"partitions_def": departement_partitions, "backfill_policy": policy}
        schema = dg.AssetCheckSpec(
            SCHEMA,
            asset=name,
            partitions_def=options.get("partitions_def"),
            blocking=True,
            description=f"Columns, types, ranges and keys of `{name}` are those of "
            "docs/data_dictionary.md. Invalid rows are not written: the last valid file stays.",
        )
        columns = dict(pandera_schema_to_dagster_type(table.rows).metadata)

    def decorate(compute: Callable[..., Any]) -> dg.AssetsDefinition:
        told = _telling_refusal(name, _on_sound(table.made_from, compute))
        with settled():
            decorator: AssetDecorator = dg.asset(
                name=name,
                metadata={**columns, **column_lineage(name), "dagster/table_name": name},
                kinds=KINDS if table.asks is not None else KINDS | {"duckdb"},
                check_specs=[schema],
                description=f"{inspect.getdoc(compute)}\n\n{WHEN_RED}",
                group_name=table.group,
                tags={"layer": table.layer},
                owners=OWNERS,
                **options,
            )
        return decorator(_with_check(name, guarded(told)))

    return decorate


def place_asset(**options: Any) -> AssetDecorator:
    """Return the decorator of an asset with a partition for each place; a backfill is one run."""

    def decorate(compute: Callable[..., Any]) -> dg.AssetsDefinition:
        with settled():
            made: AssetDecorator = dg.asset(
                partitions_def=place_partitions,
                backfill_policy=dg.BackfillPolicy.single_run(),
                owners=OWNERS,
                **options,
            )
            return made(guarded(compute))

    return decorate


def column_lineage(table: str) -> dict[str, Any]:
    """Return the metadata on the source columns of each column, empty where there is none."""
    if not TABLES[table].columns_from:
        return {}
    deps = {
        column: [
            dg.TableColumnDep(dg.AssetKey(source), name)
            for source, name in (each.split(".") for each in sources)
        ]
        for column, sources in TABLES[table].columns_from.items()
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(deps)}


def _on_sound(needed: Sequence[str], compute: Callable[..., Any]) -> Callable[..., Any]:
    """Return `compute`, before which the damaged ones of the tables `needed` are made again."""

    @functools.wraps(compute)
    def run(*args: Any, **kwargs: Any) -> Any:
        workspace = inspect.signature(compute).bind(*args, **kwargs).arguments["workspace"]
        france_tables.mend(workspace, dg.AssetExecutionContext.get().log.warning, needed)
        return compute(*args, **kwargs)

    return run


def _telling_refusal(table: str, compute: Callable[..., Any]) -> Callable[..., Any]:
    """Return `compute`, reporting that a whole table was refused.

    For a refused partition `tell_failure` does so.
    """

    @functools.wraps(compute)
    def run(*args: Any, **kwargs: Any) -> Any:
        context = dg.AssetExecutionContext.get()
        try:
            return compute(*args, **kwargs)
        except InvalidTableError as error:
            if context.assets_def.partitions_def is None:
                evaluate(context.op_execution_context, [_evaluation(table, None, error)])
            raise

    return run


def _with_check(table: str, compute: Callable[..., Any]) -> Callable[..., Any]:
    """Return `compute` as a generator, for a step that logs the evaluations of its check itself.

    A yielded evaluation would be of one partition only. What is yielded first is recorded before
    the step goes on, so that the evaluations belong to the file just written.
    """

    @functools.wraps(compute)
    def run(*args: Any, **kwargs: Any) -> Iterator[Any]:
        context = dg.AssetExecutionContext.get()
        yield compute(*args, **kwargs)
        codes: Sequence[str | None] = [None]
        if context.assets_def.partitions_def is not None:
            workspace: Workspace = (
                inspect.signature(compute).bind(*args, **kwargs).arguments["workspace"]
            )
            codes = [code for code in context.partition_keys if workspace.holds(table, code)]
        evaluate(context.op_execution_context, [_evaluation(table, code) for code in codes])
        yield dg.Output(None, output_name=f"{table}_{SCHEMA}")

    return run


def _evaluation(
    table: str, code: str | None, error: InvalidTableError | None = None
) -> dg.AssetCheckEvaluation:
    """Return whether the rows of a partition (or a whole table) satisfied their schema."""
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(table),
        check_name=SCHEMA,
        passed=error is None,
        severity=dg.AssetCheckSeverity.ERROR,
        blocking=True,
        partition=code,
        description=None if error is None else str(error),
    )


@contextmanager
def settled() -> Iterator[None]:
    """Silence the warnings about Dagster's beta features that are used only on this page."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        warnings.simplefilter("ignore", dg.PreviewWarning)
        yield


def check_kept(
    workspace: Workspace, table: str, code: str, rows: pd.DataFrame, source: str
) -> None:
    """Check that `rows` have the variables of the last partition of `table`, by its record.

    Raises:
        SourceError: a variable has vanished; the last partition stays.
    """
    path, kept = workspace.lake.path(table, code), TABLES[table].kept
    if kept is None or not path.exists():
        return
    try:
        before = workspace.lake.read(table, code, columns=[*kept.key, *kept.variables])
    except DamagedError:  # it is about to be written again
        return
    if "date" in kept.key and len(rows):  # earlier days are as before
        before = before[before["date"] >= rows["date"].min()]
    if lost := vanished(table, before, rows):
        raise SourceError(
            message(
                "kept.vanished", who=f"{source}, département {code}", lost=first_of(lost), path=path
            )
        )


def first_of(several: Sequence[str] | Sequence[Message]) -> Message:
    """Return the first `TOLD` of `several`, and the number of the others."""
    first = message(SEVERAL, messages=several[:TOLD])
    more = len(several) - TOLD
    return message("first_of", first=first, more=more) if more > 0 else first


def doubt(
    workspace: Workspace, partition: tuple[str, str], check: str, what: Message | None
) -> None:
    """Record a finding that only the reader of a source can make, replacing its last one.

    It is a warning: it is shown, and holds nothing back.
    """
    table, code = partition
    at = datetime.now(UTC).isoformat(timespec="seconds")
    found = [Finding(table, code, check, "warning", what, at)] if what else []
    workspace.findings.replace(table, code, found, [check])


def tell_failure(
    context: dg.AssetExecutionContext,
    workspace: Workspace,
    failed: tuple[str, str],
    source: str,
    error: GeoPipelineError,
) -> None:
    """Record that a partition (table, code) failed and go on, unless the run is for it alone."""
    table, code = failed
    workspace.failed(table, code, source, error)
    context.log.error(f"{table}: {error}")
    if isinstance(error, InvalidTableError):
        evaluate(context.op_execution_context, [_evaluation(table, code, error)])
    if len(context.partition_keys) == 1:
        raise error


def write_table(
    workspace: Workspace,
    table: str,
    frame: pd.DataFrame,
    provenance: Provenance,
    more: Mapping[str, Any] | None = None,
) -> dg.MaterializeResult[None]:
    """Write an unpartitioned table; `more` is added to the metadata of the file."""
    valid = validate(table, frame)
    written = workspace.lake.write(table, valid, provenance)
    seconds = logs.written(table, None, provenance.source, written.rows)
    metadata = _metadata(written, provenance, seconds) | column_lineage(table)
    return dg.MaterializeResult(metadata={**metadata, **(more or {})})


def write_partitions(
    context: dg.AssetExecutionContext,
    workspace: Workspace,
    table: str,
    frame: pd.DataFrame,
    provenance: Callable[[str], Provenance],
    *,
    codes: Sequence[str] | None = None,
) -> dg.MaterializeResult[None]:
    """Write the partitions of this run, one file each, from `frame`, with valid rows of all.

    `codes` are the départements of `frame`, where they are not all of the run. A département
    without rows is written as a file of 0 rows, with a warning.
    """
    for code, rows in by_departement(frame, codes or context.partition_keys):
        write_partition(context, workspace, table, code, rows=rows, provenance=provenance(code))
    return dg.MaterializeResult()


def write_partition(
    context: dg.AssetExecutionContext,
    workspace: Workspace,
    table: str,
    code: str,
    *,
    rows: pd.DataFrame,
    provenance: Provenance,
    before: pa.Table | None = None,
) -> None:
    """Write valid `rows` as the partition `code`, after those of `before`; report it to Dagster."""
    written = workspace.lake.write(table, rows, provenance, code, before=before)
    report_partition(context, workspace, table, Made(code, written, provenance))


def report_partition(
    context: dg.AssetExecutionContext, workspace: Workspace, table: str, made: Made
) -> None:
    """Tell Dagster and the log of a partition that was written."""
    code, written, provenance = made
    if written.rows == 0:
        context.log.warning(f"{table}: the source does not cover département {code}, 0 rows")
    seconds = logs.written(table, code, provenance.source, written.rows)
    metadata = _metadata(written, provenance, seconds)
    link = f"{workspace.settings.app_url.rstrip('/')}/?departement={code}"
    metadata["map"] = dg.MetadataValue.url(link)
    context.add_asset_metadata(metadata, partition_key=code)
    workspace.findings.replace(table, code, [], [READABLE])
    workspace.succeeded(table, code)


def keep_partition(
    context: dg.AssetExecutionContext, workspace: Workspace, table: str, code: str
) -> None:
    """Tell Dagster of a partition that stays as it is, because it would be made of the same."""
    path = workspace.lake.path(table, code)
    inspection = workspace.lake.inspect(path)
    known = inspection.footer
    metadata: dict[str, Any] = {
        "dagster/row_count": known.rows,
        "path": dg.MetadataValue.path(str(path)),
        "sha256": inspection.sha256,
        "source": known.provenance.get("source", ""),
        "source_url": known.provenance.get("url", ""),
        "kept": True,
    }
    if known.first_date is not None and known.last_date is not None:
        metadata["first_date"] = str(known.first_date)
        metadata["last_date"] = str(known.last_date)
    context.add_asset_metadata(metadata, partition_key=code)
    workspace.findings.replace(table, code, [], [READABLE])
    workspace.succeeded(table, code)


def map_links(settings: Settings) -> dict[str, Any]:
    """Return links to the app, and to the last exported map of the combined index, if any."""
    links = {"map": dg.MetadataValue.url(settings.app_url)}
    if exported := sorted(settings.exports.glob("combined_*.html")):
        links["exported_map"] = dg.MetadataValue.url(exported[-1].resolve().as_uri())
    return links


def _metadata(written: Written, provenance: Provenance, seconds: float | None) -> dict[str, Any]:
    """Return the metadata of a file for Dagster's pages."""
    metadata: dict[str, Any] = {
        "dagster/row_count": written.rows,
        "path": dg.MetadataValue.path(str(written.path)),
        "sha256": written.sha256,
        "source": provenance.source,
        "source_url": provenance.url,
    }
    if seconds is not None:
        metadata["seconds"] = seconds
    if written.first_date is not None and written.last_date is not None:
        metadata["first_date"] = str(written.first_date)
        metadata["last_date"] = str(written.last_date)
    return metadata
