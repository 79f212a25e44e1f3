"""Theme: the colours of text, background and lines, light and dark, as variables of CSS.

Colours of data are in `catalogue.styles`.
"""

from functools import cache

from geo_pipeline.catalogue.styles import ClassStyle, luminance

TOKENS: dict[str, dict[str, str]] = {
    "light": {
        "ground": "#ffffff",
        "ink": "#1a1a1a",
        "soft": "#595f66",
        "rule": "#d9dce0",
        "accent": "#0b5cad",
        "coast": "#7d848b",
        "usual": "#f7f7f5",
        "usual-rule": "#cfd3d7",
        "fell": "#b3261e",
        "hover": "#f1f3f5",
        "band": "#5b7896",
        "series-1": "#0b5cad",
        "series-2": "#b3450c",
        "series-3": "#117a5b",
        "series-4": "#7a3f9d",
        "series-5": "#6b6f00",
    },
    "dark": {
        "ground": "#14171a",
        "ink": "#eceef0",
        "soft": "#a7adb4",
        "rule": "#353a40",
        "accent": "#7fb8f0",
        "coast": "#8b9198",
        "usual": "#2b3138",
        "usual-rule": "#565d65",
        "fell": "#ff9d8a",
        "hover": "#20252a",
        "band": "#8fa9c4",
        "series-1": "#7fb8f0",
        "series-2": "#ff9e66",
        "series-3": "#5fd0a8",
        "series-4": "#cfa1ee",
        "series-5": "#d5d95a",
    },
}

NEUTRAL = "#b4bac0"
"""Colour of bars of a normal month: the map's near-white would not be visible on the page."""


def colour_variables() -> str:
    """The style sheet that defines the colours, as the reader's system is set."""
    light, dark = (
        " ".join(f"--{name}: {colour};" for name, colour in TOKENS[scheme].items())
        for scheme in ("light", "dark")
    )
    return (
        f":root {{ color-scheme: light dark; {light} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}"
    )


def darker(colour: str, by: float) -> str:
    """The same colour, darker by the share `by` (0 to 1)."""
    return "#" + "".join(f"{round(int(colour[i : i + 2], 16) * (1 - by)):02x}" for i in (1, 3, 5))


@cache
def bar_colour(style: ClassStyle) -> str:
    """Colour of a class in a thin bar: pale ones are a little darker than on the map."""
    light = luminance(style.colour)
    if light > 0.9:
        return NEUTRAL
    return darker(style.colour, 0.1) if light > 0.75 else style.colour
