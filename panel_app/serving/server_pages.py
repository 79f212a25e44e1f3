"""Pages of the server itself, in both languages: errors and the sign-in.

They need no session, no script and no other file.
"""

from html import escape
from typing import Final

from geo_pipeline.publishing.content_policy import source
from geo_pipeline.words import LANGS
from panel_app.data.page_words import catalogue

ERRORS: Final = (400, 401, 403, 404, 429, 503)
"""Statuses with their own text (`server.error_404`); all others are a failure of the server."""

RETRY_S: Final = 30
"""Seconds after which a full server is tried again."""

_STYLE: Final = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 34rem; margin: 16vh auto 0; padding: 0 24px; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 8px; }
[lang=en] { margin-top: 32px; }
p { margin: 0 0 8px; }
form { display: grid; gap: 16px; margin-top: 32px; }
label { display: grid; gap: 4px; }
input, button { font: inherit; padding: 8px; }
"""
STYLE_SOURCE: Final = source(_STYLE)
"""How the server's policy names the style of these pages, which have no nonce."""

_PAGE: Final = """<!DOCTYPE html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">{refresh}
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<main>
{parts}
{form}</main>
</body>
</html>
"""
_PART: Final = """<section lang="{lang}">
<h1>{title}</h1>
<p>{text}</p>{link}
</section>"""
_FORM: Final = """<form method="post" action="{action}">
{token}
<input type="hidden" name="next" value="{target}">
<label>{name} <input name="username" autocomplete="username" required autofocus></label>
<label>{password}
<input name="password" type="password" autocomplete="current-password" required></label>
<button>{sign_in}</button>
</form>
"""


def error(status: int, home: str) -> str:
    """Return the page of an error; `home` is the address of the map."""
    refresh = f'\n<meta http-equiv="refresh" content="{RETRY_S}">' if status == 503 else ""
    return _page(f"error_{status}" if status in ERRORS else "failed", home=home, refresh=refresh)


def sign_in(action: str, token: str, target: str, *, refused: bool) -> str:
    """Return the form: its target, its token against forgery (HTML), where it leads to."""
    form = _FORM.format(
        action=escape(action),
        token=token,
        target=escape(target),
        name=_both("name"),
        password=_both("password"),
        sign_in=_both("sign_in.title"),
    )
    return _page("refused" if refused else "sign_in", form=form)


def signed_out(home: str) -> str:
    """Return the page that follows a sign-out."""
    return _page("signed_out", home=home)


def _page(name: str, *, home: str = "", form: str = "", refresh: str = "") -> str:
    parts = [
        _PART.format(
            lang=lang,
            title=catalogue(lang)(f"server.{name}.title"),
            text=catalogue(lang)(f"server.{name}.text"),
            link=f'\n<p><a href="{escape(home)}">{catalogue(lang)("server.map")}</a></p>'
            if home
            else "",
        )
        for lang in LANGS
    ]
    return _PAGE.format(
        refresh=refresh,
        title=_both(f"{name}.title"),
        style=_STYLE,
        parts="\n".join(parts),
        form=form,
    )


def _both(key: str) -> str:
    return " · ".join(catalogue(lang)(f"server.{key}") for lang in LANGS)
