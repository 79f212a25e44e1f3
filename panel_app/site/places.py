"""The places that a reader of the site may search for, as a file for `answers.js`.

It holds the same places as `data/gazetteer.py`, best known first, and is searched by the same
rules.
"""

from typing import Any, Final

from panel_app.data.gazetteer import CONNECTIVES, KINDS, OPENINGS, Gazetteer

COLUMNS: Final = ("name", "code", "postcodes", "commune")


def places(known: Gazetteer) -> dict[str, Any]:
    """Return the columns of all places, each as a text of lines; `kind` is a digit for each."""
    table = known.table
    kinds = [KINDS.index(kind) for kind in table["kind"].to_pylist()]
    sizes = [size or 0 for size in table["population"].to_pylist()]
    order = sorted(range(len(kinds)), key=lambda row: (kinds[row], -sizes[row], row))
    columns = {}
    for name in COLUMNS:
        texts = table[name].to_pylist()
        columns[name] = "\n".join(texts[row] or "" for row in order)
    return {
        **columns,
        "kind": "".join(str(kinds[row]) for row in order),
        "connectives": sorted(CONNECTIVES),
        "openings": sorted(OPENINGS),
    }
