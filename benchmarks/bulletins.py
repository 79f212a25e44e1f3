"""`just bench-bulletins`: the bulletins of all départements, two languages, PDF and HTML.

Everything counts: reading the publication, sentences, drawings, typesetting, writing. Beside it
stands Typst alone on the same documents, which no faster code of ours could save. The aim is for
two cores.
"""

import tempfile
import time
from contextlib import closing
from pathlib import Path

from benchmarks.common import asked, kept_home, machine
from geo_pipeline.commands.runs import run
from geo_pipeline.publishing.bulletin import issues
from geo_pipeline.publishing.bulletin.places import places
from geo_pipeline.publishing.bulletin.records import Records
from geo_pipeline.settings import Settings
from geo_pipeline.storage.warehouse import Warehouse
from geo_pipeline.territory import CODES
from geo_pipeline.words import LANGS

AIM_S = 60.0
SMALLEST_CODES = ("31", "32")


def measure(home: Path, codes: tuple[str, ...]) -> None:
    """Write the newest issues of `codes` into a new folder, and print what that took."""
    chosen = [places()[code] for code in codes]
    with (
        closing(Warehouse(Settings(home=home).warehouse)) as warehouse,
        tempfile.TemporaryDirectory() as folder,
    ):
        clock, processor = time.perf_counter(), time.process_time()
        records = Records(warehouse)
        day = records.newest
        written = list(
            issues.write_issues(records, chosen, [day], LANGS, Path(folder), leave_out=print)
        )
        taken = time.perf_counter() - clock
        spent = time.process_time() - processor
        size = sum(path.stat().st_size for path in written) / 1e6
        print(f"{len(written)} files, {size:.0f} MB: clock {taken:.1f} s, processors {spent:.1f} s")
        print(f"  aim: {AIM_S:.0f} s, {taken / AIM_S:.0%} of it taken")
        known = [each for each in chosen if records.knows(each.codes, day)]
        made = [issues.document(records, each, day, lang) for each in known for lang in LANGS]
    processor = time.process_time()
    for each in made:
        issues.rendered(each, "pdf")
    alone = time.process_time() - processor
    print(f"Typst alone, {len(made)} PDFs: processors {alone:.1f} s, {alone / spent:.0%} of that")


def main() -> None:
    """Measure and print."""
    _, smallest = asked()
    print(machine())
    codes = SMALLEST_CODES if smallest else CODES
    if (home := kept_home()) is not None:
        measure(home, codes)
        return
    with tempfile.TemporaryDirectory() as made:
        run(Settings(home=Path(made)), list(codes), lambda *_: None)
        measure(Path(made), codes)


if __name__ == "__main__":
    main()
