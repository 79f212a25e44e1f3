"""The published numbers, which lie beside the repository and not in it."""

import csv
from pathlib import Path

import numpy as np
import pytest

REFERENCE = Path(__file__).resolve().parents[3].parent / "shared" / "reference"


@pytest.fixture(scope="session")
def reference_dir() -> Path:
    if not REFERENCE.is_dir():
        pytest.skip(f"published reference numbers are not on this machine ({REFERENCE})")
    return REFERENCE


@pytest.fixture(scope="session")
def wichita(reference_dir: Path) -> dict[str, np.ndarray]:
    """Return the columns of the Wichita consensus, NaN where nothing is printed."""
    with (reference_dir / "wichita_spi_spei_consensus.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        name: np.array([float(row[name]) if row[name] else np.nan for row in rows])
        for name in rows[0]
        if name != "date"
    }
