"""The page about: limits and sources as they are, in both languages, with nothing fetched."""

import re
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from geo_pipeline.catalogue.indicators import INDICATORS
from geo_pipeline.catalogue.styles import DROUGHT_CLASSES, RESTRICTION_LEVELS
from geo_pipeline.publishing.formats import format_date
from panel_app.data.store import Publication
from panel_app.drawing.templates import render
from panel_app.pages.about import about_page as page
from tests.app.conftest import plain, view_of


def spoken(html: str) -> str:
    """What is read of HTML."""
    return " ".join(plain(unescape(re.sub(r"<[^>]+>", " ", html))).split())


def rows(html: str) -> list[str]:
    return [spoken(row) for row in re.findall(r"<tr>.*?</tr>", html, flags=re.DOTALL)]


def test_the_limits_of_the_classes(publication: Publication) -> None:
    """As the U.S. Drought Monitor and WMO-No. 1090 print them."""
    said = rows(page.slots(view_of(publication))["reading"])
    assert said[1] == (
        "sécheresse exceptionnelle d'ordinaire le plus sec des 12 années connues, et de loin "
        "jusqu'à −2,0 jusqu'à 2"
    )
    assert said[4].endswith("de −1,3 à −0,8 de 10 à 20")
    assert said[6].endswith("de −0,5 à 1,0 de 30 à 84")
    assert said[9].endswith("à partir de 2,0 à partir de 98")
    assert said[10].startswith("pas de données Ni zéro, ni normal")
    english = rows(page.slots(view_of(publication, lang="en"))["reading"])
    assert english[2].endswith("−2.0 to −1.6 2 to 5")


def test_levels_of_restriction_and_stages_have_their_colours(publication: Publication) -> None:
    html = page.slots(view_of(publication))["reading"]
    for style in (*DROUGHT_CLASSES, *RESTRICTION_LEVELS):
        assert f"background-color:{style.colour}" in html
        assert style.name("fr") in unescape(html)


def test_sources_with_licence_link_and_period(publication: Publication) -> None:
    html = page.slots(view_of(publication))["sources"]
    said = rows(html)
    assert said[1].startswith("Météo AgERA5")
    assert said[1].endswith("licence Copernicus du 1er janvier 2010 au 31 décembre 2022")
    assert said[2].endswith("Licence Ouverte 2.0 2000-2022")
    assert said[3].endswith("Licence Ouverte 2.0 3 octobre 2026")
    assert said[4] == "Contours Natural Earth 1:10m domaine public"
    assert re.findall(r'href="(https://[^"/]+)', html) == [
        "https://cds.climate.copernicus.eu",
        "https://agreste.agriculture.gouv.fr",
        "https://vigieau.gouv.fr",
        "https://www.naturalearthdata.com",
    ]


def test_known_limits_of_the_embedded_data(publication: Publication) -> None:
    """Those of assets_data/PROVENANCE.md; what can be measured is measured."""
    said = spoken(page.slots(view_of(publication))["limits"])
    assert "Paris (75), Hauts-de-Seine (92), Guadeloupe (971)" in said
    assert "2010-2022, sauf : Corse-du-Sud 2015-2022, Haute-Corse 2015-2020" in said
    assert "Année entièrement absente : 2014." in said
    assert "La normale repose sur 12 ans au plus" in said
    assert "environ 15 %" in said
    assert "(67) et du Haut-Rhin (68) semblent intervertis" in said


def test_the_methods_name_who_they_are_after(publication: Publication) -> None:
    for lang in ("fr", "en"):
        said = spoken(page.slots(view_of(publication, lang=lang))["method"])
        for known in ("McKee", "Vicente-Serrano", "FAO-56", "Popov", "1991-2020", "Wilks"):
            assert known in said, (lang, known)


def test_all_indicators_are_listed(publication: Publication) -> None:
    html = page.slots(view_of(publication, lang="en"))["indicators"]
    listed = rows(html)[1:]
    assert len(listed) == len(INDICATORS)
    assert listed[0].startswith("Agricultural drought class Brings the rain of 3 months")
    assert html.count("data-ask") == len(publication.indicators)
    assert "?indicator=spi_3" in html


def test_the_map_can_be_shown_in_another_page(publication: Publication) -> None:
    view = view_of(publication, indicator="spi_3", period="2022-08", lang="en")
    html = page.slots(view)["sharing"]
    frame = re.findall(r"<textarea[^>]*>(.*?)</textarea>", html, flags=re.DOTALL)[1]
    assert "<iframe" not in frame  # words to copy, not a frame of this page
    code = unescape(frame)
    assert code.startswith("<iframe ")
    assert code.endswith("</iframe>")
    address = unescape(re.findall(r'src="([^"]+)"', code)[0])
    site, query = address.split("?")
    assert site == page.SITE
    assert parse_qs(query) == {
        "page": ["embed"],
        "indicator": ["spi_3"],
        "period": ["2022-08"],
        "lang": ["en"],
    }
    assert "AgERA5" in spoken(html)


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_whole_page(publication: Publication, lang: str) -> None:
    """One heading, an anchor for each entry of the contents, no request to anybody."""
    view = view_of(publication, lang=lang)
    slots = page.slots(view)
    html = render("about/page", {"view": view, "words": view.words, "lang": lang, "slots": slots})
    assert html.count("<h1>") == 1
    anchors = re.findall(r'href="#([a-z]+)"', html)
    assert anchors
    assert set(anchors) == set(re.findall(r'<section id="([a-z]+)"', html)) == set(slots)
    for text in slots.values():
        assert not re.search(r"\{\w*\}|\bnan\b|None|NaT", text)
        assert not re.search(r"<(script|img|iframe|link|object)|url\(", text)
    assert "url(" not in Path(page.__file__).with_name("about.css").read_text()


def test_version_and_day_of_the_publication(publication: Publication) -> None:
    view = view_of(publication)
    said = spoken(page.slots(view)["house"])
    assert f"Logiciel {page.software(view)}." in said
    assert format_date(publication.published_at.date(), "fr").replace("\u00a0", " ") in said
    assert "101 départements" in said
