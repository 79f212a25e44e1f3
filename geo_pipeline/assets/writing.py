"""How assets write: valid rows into the lake, with what they are as Dagster metadata."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg
import pandas as pd
from dagster_pandera import pandera_schema_to_dagster_type

from geo_pipeline.assets.workspace import Workspace
from geo_pipeline.departements import CODES
from geo_pipeline.schemas import TABLES, Provenance, validate
from geo_pipeline.storage.lake import Written

departement_partitions = dg.StaticPartitionsDefinition(list(CODES))

AssetDecorator = Callable[[Callable[..., Any]], dg.AssetsDefinition]

OWNERS = ["team:drought-monitor"]
KINDS = {"python", "parquet"}

AGAIN = dg.RetryPolicy(
    max_retries=2, delay=30, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS
)
"""For what a network or a disk may refuse now and give in a minute."""


def table_asset(
    table: str, group: str, *, provider: str | None = None, **options: Any
) -> AssetDecorator:
    """Return the decorator of an asset that writes `table`: its columns shown, its group named.

    `provider` names what it asks a provider for: such an asset is retried, and no more of them run
    at a time than the pool `provider_<what>` lets.
    """
    if provider is not None:
        options |= {"retry_policy": AGAIN, "pool": f"provider_{provider}"}
    kinds = KINDS if provider is not None else KINDS | {"duckdb"}
    with _settled():
        columns = dict(pandera_schema_to_dagster_type(TABLES[table]).metadata)
        decorator: AssetDecorator = dg.asset(
            name=table,
            group_name=group,
            metadata={**columns, "dagster/table_name": table},
            owners=OWNERS,
            kinds=kinds,
            **options,
        )
    return decorator


def partitioned_asset(table: str, group: str, **options: Any) -> AssetDecorator:
    """Return the decorator of an asset that writes `table` by département.

    All partitions of a backfill go in one run: a run each would cost seconds of start-up each.
    """
    with _settled():
        policy = dg.BackfillPolicy.single_run()
        options |= {"partitions_def": departement_partitions, "backfill_policy": policy}
        return table_asset(table, group, **options)


@contextmanager
def _settled() -> Iterator[None]:
    """Keep quiet about Dagster's beta parts that this page is the one place to use."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        yield


def write_table(
    workspace: Workspace, table: str, frame: pd.DataFrame, provenance: Provenance
) -> dg.MaterializeResult[None]:
    """Write an unpartitioned table."""
    valid = validate(table, frame)
    written = workspace.lake.write(table, valid, provenance)
    return dg.MaterializeResult(metadata=_metadata(valid, written, provenance))


def write_partitions(
    context: dg.AssetExecutionContext,
    workspace: Workspace,
    table: str,
    frame: pd.DataFrame,
    provenance: Callable[[str], Provenance],
    *,
    codes: Sequence[str] | None = None,
) -> dg.MaterializeResult[None]:
    """Write the partitions of this run, one file each, out of `frame`, valid rows of them all.

    `codes` are those that `frame` is of, where they are not all of the run. A département without
    rows is written as a file of 0 rows, with a warning.
    """
    by_departement = dict(list(frame.groupby("departement", observed=True)))
    for code in codes or context.partition_keys:
        rows = by_departement.get(code, frame.iloc[:0])
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
) -> None:
    """Write valid `rows` as the partition `code`, and tell Dagster."""
    if rows.empty:
        context.log.warning(f"{table}: the source does not cover département {code}, 0 rows")
    written = workspace.lake.write(table, rows, provenance, code)
    context.add_asset_metadata(_metadata(rows, written, provenance), partition_key=code)
    workspace.succeeded(table, code)


def _metadata(rows: pd.DataFrame, written: Written, provenance: Provenance) -> dict[str, Any]:
    """Return what Dagster's pages show of a file."""
    metadata: dict[str, Any] = {
        "dagster/row_count": len(rows),
        "path": dg.MetadataValue.path(str(written.path)),
        "sha256": written.sha256,
        "source": provenance.source,
        "source_url": provenance.url,
    }
    dated = next((name for name in ("date", "period_end") if name in rows), None)
    if dated is not None and len(rows):
        metadata["first_date"] = str(rows[dated].min().date())
        metadata["last_date"] = str(rows[dated].max().date())
    return metadata
