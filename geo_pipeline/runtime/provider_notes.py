"""Notes on how far the providers of a département's weather differ, and the table made from them.

Only the step that fetches the weather sees several providers of the same days; the lake keeps one
of each day. It leaves a note for each département in `<home>/reports/provider_differences`, until
the weather is of one provider again. Differences are computed in `transforms.provider_differences`.
"""

import json
from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from geo_pipeline import notes
from geo_pipeline.errors import DamagedError
from geo_pipeline.objects import Place, listing
from geo_pipeline.provenance import Provenance
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.storage.partition_states import unreadable
from geo_pipeline.table_rows import empty
from geo_pipeline.transforms.provider_differences import TABLE

WEATHER = "weather_daily"


def note(workspace: Workspace, code: str, differences: pd.DataFrame) -> None:
    """Keep the rows of `provider_differences` of a département; without any, remove its note.

    Raises:
        StorageError: the note cannot be written.
    """
    path = _folder(workspace) / f"{code}.json"
    if differences.empty:
        path.unlink(missing_ok=True)
        return
    notes.write(path, json.loads(differences.to_json(orient="records", double_precision=15)))


def noted(workspace: Workspace, warn: Callable[[str], object]) -> tuple[pd.DataFrame, Provenance]:
    """Return `provider_differences` from the notes; one that cannot be read is left out.

    Its provenance is the weather of all départements that are not held back or damaged.
    """
    rows: list[dict[str, object]] = []
    for path in listing(_folder(workspace), "*.json"):
        try:
            rows += notes.read(path)
        except FileNotFoundError:  # the weather is of one provider since just now
            continue
        except DamagedError as error:
            warn(f"{TABLE}: {error}")
    lake = workspace.lake.at_once()
    damaged = {each.departement for each in unreadable(lake, [WEATHER])}
    origin = lake.joint_origin([WEATHER], {*workspace.findings.held(), *damaged})
    made_of = notes.digest(rows) if rows else ""
    return (pd.DataFrame(rows) if rows else empty(TABLE)), replace(origin, made_of=made_of)


def _folder(workspace: Workspace) -> Place:
    return workspace.settings.reports / "provider_differences"
