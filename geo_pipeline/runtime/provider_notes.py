"""Notes on how far the providers of a département's weather differ, and the table made from them.

Only the step that fetches the weather sees several providers of the same days; the lake keeps one
of each day. It leaves a note for each département in `<home>/reports/provider_differences`, until
the weather is of one provider again. Differences are computed in `transforms.provider_differences`.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from geo_pipeline import notes
from geo_pipeline.errors import DamagedError
from geo_pipeline.provenance import Provenance
from geo_pipeline.runtime.workspace import Workspace
from geo_pipeline.table_rows import empty
from geo_pipeline.transforms.provider_differences import TABLE


def note(workspace: Workspace, code: str, differences: pd.DataFrame, fetched_at: str) -> None:
    """Keep the rows of `provider_differences` of a département; without any, remove its note.

    Raises:
        StorageError: the note cannot be written.
    """
    path = _folder(workspace) / f"{code}.json"
    if differences.empty:
        path.unlink(missing_ok=True)
        return
    rows = json.loads(differences.to_json(orient="records", double_precision=15))
    notes.write(path, {"fetched_at": fetched_at, "rows": rows})


def noted(workspace: Workspace, warn: Callable[[str], object]) -> tuple[pd.DataFrame, Provenance]:
    """Return `provider_differences` from the notes; one that cannot be read is left out."""
    rows, fetched_at = [], [""]
    for path in sorted(_folder(workspace).glob("*.json")):
        try:
            content = notes.read(path)
        except FileNotFoundError:  # the weather is of one provider since just now
            continue
        except DamagedError as error:
            warn(f"{TABLE}: {error}")
            continue
        rows += content["rows"]
        fetched_at.append(content["fetched_at"])
    digest = hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()
    names = {row[name] for row in rows for name in ("provider", "other_provider")}
    origin = Provenance(", ".join(sorted(names)), "weather_daily", max(fetched_at), digest)
    return (pd.DataFrame(rows) if rows else empty(TABLE)), origin


def _folder(workspace: Workspace) -> Path:
    return workspace.settings.home / "reports" / "provider_differences"
