"""Memory of a sensor from tick to tick: a JSON object in its cursor.

Each sensor has its own content; reading it is the same for all, and is here.
"""

import json
from typing import Any


def remembered(cursor: str | None, *names: str) -> dict[str, Any]:
    """Return the content of a cursor; nothing where it is not an object with all of `names`.

    A flipped bit in Dagster's records, or the cursor of another version, must not stop the sensor.
    """
    try:
        known = json.loads(cursor or "{}")
    except ValueError:
        return {}
    return known if isinstance(known, dict) and {*names} <= set(known) else {}
