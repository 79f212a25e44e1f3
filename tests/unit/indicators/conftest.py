"""The published numbers, which lie beside the repository and not in it."""

from pathlib import Path

import pytest

REFERENCE = Path(__file__).resolve().parents[3].parent / "shared" / "reference"


@pytest.fixture(scope="session")
def reference_dir() -> Path:
    if not REFERENCE.is_dir():
        pytest.skip(f"published reference numbers are not on this machine ({REFERENCE})")
    return REFERENCE
