"""What a page that we hand out allows itself: exactly its own scripts and styles, and no request.

Add here how a Content-Security-Policy names what it allows. Not here: the policy of the app, see
panel_app/serving/headers.py.
"""

import base64
import hashlib
from collections.abc import Sequence


def source(text: str) -> str:
    """Return how a policy names the content of a script or style element: by its hash."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def page_policy(*, styles: Sequence[str], scripts: Sequence[str] = ()) -> str:
    """Return the policy of a page that consists of itself alone."""
    rules = ["default-src 'none'", *(["script-src " + _sources(scripts)] if scripts else [])]
    rules += [f"style-src {_sources(styles)}", "img-src data:", "base-uri 'none'"]
    return "; ".join([*rules, "form-action 'none'"])


def _sources(texts: Sequence[str]) -> str:
    return " ".join(source(text) for text in texts)
