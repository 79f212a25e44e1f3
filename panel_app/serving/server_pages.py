"""Pages that the server shows by itself, in both languages: what went wrong, and the sign-in.

They need no session, no script and nothing but themselves.
"""

from dataclasses import dataclass
from html import escape
from typing import Final, Literal


@dataclass(frozen=True)
class Words:
    """A title and a sentence, French and English."""

    title: tuple[str, str]
    text: tuple[str, str]


FAILED: Final = Words(
    ("Une erreur est survenue", "Something went wrong"),
    (
        "Elle est notée dans le journal du serveur. Rechargez la page, ou revenez à la carte.",
        "It is in the server's log. Load the page again, or go back to the map.",
    ),
)
ERRORS: Final[dict[int, Words]] = {
    400: Words(
        ("Demande illisible", "This request cannot be read"),
        ("L'adresse est incomplète ou abîmée.", "The address is incomplete or damaged."),
    ),
    401: Words(
        ("Identification refusée", "Sign-in refused"),
        (
            "Le service d'identification n'a pas confirmé qui vous êtes. Recommencez.",
            "The sign-in service did not confirm who you are. Please start again.",
        ),
    ),
    403: Words(
        ("Accès refusé", "Access refused"),
        (
            "Vous n'avez pas accès à cette page, ou elle est restée ouverte trop longtemps.",
            "You may not see this page, or it stayed open for too long.",
        ),
    ),
    404: Words(
        ("Cette page n'existe pas", "There is no such page"),
        ("La carte est à l'adresse ci-dessous.", "The map is at the address below."),
    ),
    429: Words(
        ("Trop d'essais à la fois", "Too many attempts at once"),
        ("Réessayez dans une minute.", "Please try again in a minute."),
    ),
    503: Words(
        ("Toutes les places sont prises", "All places are taken"),
        (
            "Trop de lecteurs à la fois. Cette page réessaie d'elle-même dans une demi-minute.",
            "Too many readers at once. This page tries again by itself in half a minute.",
        ),
    ),
}
SIGN_IN: Final = Words(
    ("S'identifier", "Sign in"),
    ("Cette carte est réservée à ses utilisateurs.", "This map is for its users."),
)
REFUSED: Final = Words(
    SIGN_IN.title,
    ("Nom ou mot de passe inconnu.", "Unknown name or password."),
)
SIGNED_OUT: Final = Words(
    ("Vous êtes déconnecté", "You are signed out"),
    ("À bientôt.", "See you soon."),
)
MAP: Final = ("Ouvrir la carte", "Open the map")

RETRY_S: Final = 30
"""A full server is asked again after so long."""

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
_PAGE: Final = """<!DOCTYPE html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">{refresh}
<title>{french} · {english}</title>
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
<label>Nom · Name <input name="username" autocomplete="username" required autofocus></label>
<label>Mot de passe · Password
<input name="password" type="password" autocomplete="current-password" required></label>
<button>S'identifier · Sign in</button>
</form>
"""


def error(status: int, home: str) -> str:
    """Return the page of an error; `home` is where the map is."""
    refresh = f'\n<meta http-equiv="refresh" content="{RETRY_S}">' if status == 503 else ""
    return _page(ERRORS.get(status, FAILED), home=home, refresh=refresh)


def sign_in(action: str, token: str, target: str, *, refused: bool) -> str:
    """Return the form: where it is sent, its token against forgery (HTML), where it leads to."""
    form = _FORM.format(action=escape(action), token=token, target=escape(target))
    return _page(REFUSED if refused else SIGN_IN, form=form)


def signed_out(home: str) -> str:
    """Return the page that follows a sign-out."""
    return _page(SIGNED_OUT, home=home)


def _page(words: Words, *, home: str = "", form: str = "", refresh: str = "") -> str:
    languages: tuple[tuple[int, Literal["fr", "en"]], ...] = ((0, "fr"), (1, "en"))
    parts = [
        _PART.format(
            lang=lang,
            title=words.title[which],
            text=words.text[which],
            link=f'\n<p><a href="{escape(home)}">{MAP[which]}</a></p>' if home else "",
        )
        for which, lang in languages
    ]
    french, english = words.title
    return _PAGE.format(
        refresh=refresh,
        french=french,
        english=english,
        style=_STYLE,
        parts="\n".join(parts),
        form=form,
    )
