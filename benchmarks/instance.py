"""`just bench-dagster`: what Dagster's book-keeping costs, beside the stock storage and PostgreSQL.

Assets that record what ours do and do nothing else, so that it is the book-keeping alone; answers
of the web server to what its pages ask, with 10,000 materialisations stored; loading the
definitions. Separate runs take minutes: `just bench-dagster separate 6`. Ratios and aims
are printed; nothing fails for being slow.
"""

import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import dagster as dg
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from benchmarks.common import ROOT, asked, machine
from geo_pipeline.platform.instance import open_instance
from geo_pipeline.platform.partitions import departement_partitions
from geo_pipeline.runtime.table_assets import settled
from geo_pipeline.settings import Settings
from geo_pipeline.territory import CODES
from tests import postgres


class Size(NamedTuple):
    """How often each thing is measured, and on how much."""

    assets: int = 4
    repeats: int = 3
    stored: int = 10_000


SMALL = Size(assets=1, repeats=1, stored=500)
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
EVERY = {
    "dagster/asset_partition_range_start": "01",
    "dagster/asset_partition_range_end": CODES[-1],
}
STOCK = "telemetry: {enabled: false}\n"
"""A `dagster.yaml` with Dagster's own storage."""


def records(name: str) -> dg.AssetsDefinition:
    """Return an asset of all départements that records what ours do, and does nothing."""

    with settled():
        policy = dg.BackfillPolicy.single_run()

    @dg.asset(name=name, partitions_def=departement_partitions, backfill_policy=policy)
    def recorded(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        for code in context.partition_keys:
            what = {
                "dagster/row_count": 4383,
                "path": dg.MetadataValue.path(f"/home/lake/{name}/departement={code}/part.parquet"),
                "sha256": "0" * 64,
                "source": "bundled",
                "source_url": "https://example.org/where/it/is/from",
                "first_date": "2010-01-01",
                "last_date": "2022-12-31",
            }
            context.add_asset_metadata(what, partition_key=code)
        return dg.MaterializeResult()

    return recorded


def homes(folder: Path, postgres_url: str | None) -> dict[str, Settings]:
    """Return settings of a home on each storage; the stock one has a `dagster.yaml` of its own."""
    stock = Settings(home=folder / "stock")
    stock.dagster_home.mkdir(parents=True)
    (stock.dagster_home / "dagster.yaml").write_text(STOCK, encoding="utf-8")
    found = {"ours, SQLite": Settings(home=folder / "ours"), "stock SQLite": stock}
    if postgres_url is not None:
        url = SecretStr(postgres_url)
        found["PostgreSQL"] = Settings(home=folder / "postgres", postgres_url=url)
    return found


def overhead_ms(settings: Settings, batch: str, size: Size) -> float:
    """Return the milliseconds that an asset and partition cost in a run of all départements."""
    os.environ["DAGSTER_EVENT_BATCH_SIZE"] = batch
    assets = [records(f"thing_{number}") for number in range(size.assets)]
    spent = []
    with open_instance(settings) as instance:
        for _ in range(size.repeats):
            start = time.perf_counter()
            done = dg.materialize(assets, instance=instance, tags=EVERY, run_config=QUIET)
            assert done.success
            spent.append(time.perf_counter() - start)
    return 1e3 * statistics.median(spent) / (size.assets * len(CODES))


def fill(settings: Settings, stored: int) -> None:
    """Store so many materialisations, of tables of the names that ours have."""
    os.environ["DAGSTER_EVENT_BATCH_SIZE"] = "500"
    tables = ("weather_daily", "crop_statistics", "soil_water_daily", "drought_indicators")
    assets = [records(table) for table in tables]
    with open_instance(settings) as instance:
        for _ in range(round(stored / len(CODES) / len(assets))):
            dg.materialize(assets, instance=instance, tags=EVERY, run_config=QUIET)


QUESTIONS = {
    "list of assets": "{assetNodes {assetKey {path} "
    "assetMaterializations(limit: 1) {timestamp runId} "
    "partitionStats {numMaterialized numFailed numPartitions}}}",
    "partitions of one asset": '{assetNodeOrError(assetKey: {path: ["weather_daily"]}) '
    "{... on AssetNode {assetPartitionStatuses {... on DefaultPartitionStatuses "
    "{materializedPartitions failedPartitions}} latestMaterializationByPartition "
    "{partition timestamp runId}}}}",
    "runs": "{runsOrError(limit: 25) {... on Runs {results {runId status startTime endTime tags "
    "{key value} assetSelection {path}}}}}",
    "one département's history": '{assetNodeOrError(assetKey: {path: ["weather_daily"]}) '
    '{... on AssetNode {assetMaterializations(partitions: ["31"], limit: 50) {timestamp runId '
    "metadataEntries {label}}}}}",
}
"""What the pages of Dagster ask most."""


@contextlib.contextmanager
def served(settings: Settings) -> Iterator[Callable[[str], float]]:
    """Start Dagster's web server on a home; give what returns the seconds of an answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = settings.postgres_url
    environment = {
        **os.environ,
        "GEO_PIPELINE_HOME": str(settings.home),
        "DAGSTER_HOME": str(settings.dagster_home),
        **({} if url is None else {"GEO_PIPELINE_POSTGRES_URL": url.get_secret_value()}),
    }
    where = ["-h", "127.0.0.1", "-p", str(port), "-m", "geo_pipeline.definitions"]
    server = subprocess.Popen(
        [sys.executable, "-m", "dagster_webserver", *where],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def ask(question: str) -> float:
        body = json.dumps({"query": question}).encode()
        address = f"http://127.0.0.1:{port}/graphql"
        request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
        start = time.perf_counter()
        with urllib.request.urlopen(request, timeout=120) as answer:
            said = json.load(answer)
        spent = time.perf_counter() - start
        assert "errors" not in said, said["errors"]
        return spent

    try:
        for _ in range(120):
            with contextlib.suppress(OSError):
                ask("{version}")
                break
            time.sleep(0.5)
        yield ask
    finally:
        server.terminate()
        server.wait(timeout=30)


def answers_ms(settings: Settings, repeats: int) -> dict[str, float]:
    """Return the milliseconds of each of `QUESTIONS`, once asked before."""
    with served(settings) as ask:
        found = {}
        for name, question in QUESTIONS.items():
            ask(question)
            found[name] = 1e3 * statistics.median(ask(question) for _ in range(repeats))
        return found


def load_s(repeats: int) -> float:
    """Return the seconds that a fresh process takes to load the definitions."""
    spent = []
    for _ in range(repeats):
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", "import geo_pipeline.definitions"], cwd=ROOT, check=True
        )
        spent.append(time.perf_counter() - start)
    return statistics.median(spent)


def separate(count: int) -> None:
    """Queue runs of `count` départements, have a daemon run them, tell how long it took."""
    from geo_pipeline.commands.backfill import enqueue

    home = Path(tempfile.mkdtemp(prefix="bench-separate-"))
    settings = Settings(home=home)
    start = time.perf_counter()
    queued = enqueue(settings, CODES[:count])
    in_queue = time.perf_counter() - start
    daemon = subprocess.Popen(
        [sys.executable, "-m", "dagster._daemon", "run", "-m", "geo_pipeline.definitions"],
        cwd=ROOT,
        env={
            **os.environ,
            "GEO_PIPELINE_HOME": str(home),
            "DAGSTER_HOME": str(settings.dagster_home),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with open_instance(settings) as instance:
            waiting = set(queued.run_ids.values())
            while waiting:
                time.sleep(1)
                runs = instance.get_runs(dg.RunsFilter(run_ids=list(waiting)))
                waiting -= {run.run_id for run in runs if run.is_finished}
    finally:
        daemon.terminate()
        daemon.wait(timeout=60)
        shutil.rmtree(home)
    whole = time.perf_counter() - start
    Console().print(
        f"{count} separate runs: {whole:.0f} s, {whole / count:.1f} s each "
        f"({in_queue:.1f} s of them until all were in the queue)"
    )


def main() -> None:
    """Measure and print the table."""
    words, smallest = asked()
    if words[:1] == ["separate"]:
        separate(int(words[1]))
        return
    size = SMALL if smallest else Size()
    table = Table("what", "ours, SQLite", "stock SQLite", "PostgreSQL", "stock / ours", "aim")
    table.title = machine()

    def row(what: str, found: dict[str, float], aim: str) -> None:
        ours, stock = found["ours, SQLite"], found["stock SQLite"]
        other = f"{found['PostgreSQL']:.1f} ms" if "PostgreSQL" in found else ""
        table.add_row(what, f"{ours:.1f} ms", f"{stock:.1f} ms", other, f"{stock / ours:.1f}", aim)

    folder = Path(tempfile.mkdtemp(prefix="bench-dagster-"))
    started = postgres.served() if postgres.programs() is not None else contextlib.nullcontext()
    with started as url:
        of = homes(folder, url)
        batches = {"ours, SQLite": "500", "stock SQLite": "0", "PostgreSQL": "500"}
        spent = {name: overhead_ms(settings, batches[name], size) for name, settings in of.items()}
        row("an asset and partition in a run of all", spent, "10 ms")
        for name, settings in of.items():
            if name == "stock SQLite":  # the files of either are the same
                shutil.rmtree(settings.dagster_home / "history")
                ours = of["ours, SQLite"].dagster_home
                shutil.copytree(ours / "history", settings.dagster_home / "history")
            else:
                fill(settings, size.stored)
        answers = {name: answers_ms(settings, size.repeats) for name, settings in of.items()}
        for question in QUESTIONS:
            row(question, {name: found[question] for name, found in answers.items()}, "1 s")
    shutil.rmtree(folder)
    table.add_row("loading the definitions", f"{load_s(size.repeats):.2f} s", "", "", "", "3 s")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
