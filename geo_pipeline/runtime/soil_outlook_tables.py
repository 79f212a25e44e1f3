"""Provenance of the tables of the soil outlook, so that unchanged ones are not made again.

Each file names its inputs: weather, soils, crops and method. As long as these stay the same, no
hindcast is computed again. Rows are made in `transforms.soil_outlook`.
"""

import hashlib
import inspect
import json
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Final

import numpy as np
import pandas as pd

from geo_pipeline import sql
from geo_pipeline.errors import StorageError
from geo_pipeline.indicators import crops, root_zone, soil_water
from geo_pipeline.outlook import ensemble, hindcast, recovery, verification
from geo_pipeline.provenance import Provenance
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.spatial import database
from geo_pipeline.storage.partition_states import unreadable
from geo_pipeline.table_rows import empty
from geo_pipeline.transforms import daily_arrays, soil, soil_outlook

HINDCAST: Final = "outlook_hindcast"
SKILL: Final = "outlook_skill"
SCORES: Final = "outlook_scores"
"""Script with the sums of scores."""

METHOD: Final[tuple[ModuleType, ...]] = (
    crops,
    daily_arrays,
    ensemble,
    hindcast,
    recovery,
    root_zone,
    soil,
    soil_outlook,
    soil_water,
    verification,
)
"""Modules that compute the rows: a change of their text makes the tables again."""


def made_of(workspace: Workspace) -> str:
    """Return a hash of all inputs of a département's tables besides its weather."""
    agronomy = workspace.bundled.crop_parameters(), workspace.bundled.soil_storage()
    texts = [np.__version__, *(inspect.getsource(each) for each in METHOD)]
    return _sha256([*texts, *(each.to_csv() for each in agronomy)])


def skill(workspace: Workspace, warn: Callable[[str], object]) -> tuple[pd.DataFrame, Provenance]:
    """Return `outlook_skill` from all readable hindcasts of départements not held back."""
    lake = workspace.lake.at_once()
    damaged = {each.departement for each in unreadable(lake, [HINDCAST])}
    if left_out := {*workspace.findings.held(), *damaged}:
        warn(f"départements left out: {', '.join(sorted(left_out))}")
    texts = [inspect.getsource(each) for each in (verification, soil_outlook)]
    made = _sha256([np.__version__, sql.load(SCORES), *texts])
    provenance = replace(lake.joint_origin([HINDCAST], left_out), made_of=made)
    try:
        if lake.footer(SKILL).provenance == provenance.recorded():
            return lake.read(SKILL), provenance
    except StorageError:  # not there yet, or damaged
        pass
    files = lake.files(HINDCAST, left_out)
    if not files:
        return empty(SKILL), provenance
    return soil_outlook.outlook_skill(database.run_on_files(SCORES, {HINDCAST: files})), provenance


def _sha256(texts: list[str]) -> str:
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()
