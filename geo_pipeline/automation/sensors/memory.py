"""What a sensor remembers from tick to tick: a JSON object in its cursor.

Each sensor has its own content; only how it is read is the same for all, and here.
"""

import json
from typing import Any


def remembered(cursor: str | None, *names: str) -> dict[str, Any]:
    """Return what a cursor holds; nothing where it is no object that has all of `names`.

    A bit that flipped in Dagster's records, or another version's cursor, is no reason to stop.
    """
    try:
        known = json.loads(cursor or "{}")
    except ValueError:
        return {}
    return known if isinstance(known, dict) and {*names} <= set(known) else {}
