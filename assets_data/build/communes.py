"""Build the table of communes by which the app's readers find their département.

    python assets_data/build/communes.py [--admin DIR_OR_TGZ]

One npm package goes in, `@etalab/decoupage-administratif` (the one of `boundaries.py`); one file
comes out beside this folder: `communes.parquet`. Names, postcodes and populations are kept as
printed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from boundaries import ADMIN_PACKAGE, CODES, OUT_DIR, BuildError, npm_pack, read_member

COMMUNES_MEMBER = "data/communes.json"
CURRENT = "commune-actuelle"
PARTS = ("commune-deleguee", "commune-associee", "arrondissement-municipal")
"""What is part of a commune, and named by those who live there."""

SCHEMA = pa.schema(
    [
        ("code", pa.string()),
        ("name", pa.string()),
        ("departement", pa.string()),
        ("commune", pa.string()),
        ("postcodes", pa.string()),
        ("population", pa.int32()),
    ]
)


def table_of(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """The communes of the 101 départements and their parts, each name once in its commune."""
    ours = [row for row in rows if row.get("departement") in CODES]
    unknown = {row["type"] for row in ours} - {CURRENT, *PARTS}
    if unknown:
        raise BuildError(f"{COMMUNES_MEMBER}: unknown types {sorted(unknown)}")
    names = {row["code"]: row["nom"] for row in ours if row["type"] == CURRENT}
    kept = []
    for row in ours:
        commune = None if row["type"] == CURRENT else row.get("chefLieu") or row["commune"]
        # A commune that was extended often keeps its name, and so does its oldest part.
        if commune is None or names[commune] != row["nom"]:
            kept.append(
                {
                    "code": row["code"],
                    "name": row["nom"],
                    "departement": row["departement"],
                    "commune": commune,
                    "postcodes": " ".join(row.get("codesPostaux", [])) or None,
                    "population": row.get("population"),
                }
            )
    kept.sort(key=lambda row: (row["code"], row["commune"] or ""))
    return pa.Table.from_pylist(kept, schema=SCHEMA)


def write(table: pa.Table, path: Path) -> None:
    """Write it small: what begins like the row before is stored as the difference."""
    alike = ("code", "name")
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=19,
        version="2.6",
        use_dictionary=[name for name in SCHEMA.names if name not in alike],
        column_encoding=dict.fromkeys(alike, "DELTA_BYTE_ARRAY"),
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Command line: fetch what was not given, build, report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--admin", type=Path, help=f"folder or tarball of {ADMIN_PACKAGE}")
    parser.add_argument("--out", type=Path, default=OUT_DIR, help="output folder")
    options = parser.parse_args(argv)
    try:
        with tempfile.TemporaryDirectory() as folder:
            admin = options.admin or npm_pack(ADMIN_PACKAGE, Path(folder))
            table = table_of(read_member(admin, COMMUNES_MEMBER))
        path = options.out / "communes.parquet"
        write(table, path)
        print(f"{path.name}: {len(table)} rows, {path.stat().st_size} bytes")
    except (BuildError, OSError, pa.ArrowInvalid) as error:
        print(f"communes: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
