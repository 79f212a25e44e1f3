import html
import json
import re
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sample_france

from geo_pipeline.catalogue.styles import DROUGHT_CLASSES, THIN
from geo_pipeline.publishing import maps, planar_map
from geo_pipeline.publishing.content_policy import page_policy
from geo_pipeline.publishing.sentences import Source
from geo_pipeline.words import NBSP, Lang, Words

HOSTILE = '</script><img src=x onerror=alert(1)> "L\'Île" & ${x} {{ 7*7 }}'
NAMES = ["Ain", "Aisne", HOSTILE, "Outre-mer"]


def values(**columns: list[Any]) -> pd.DataFrame:
    frame = {
        "departement": ["01", "02", "03"],
        "value": [-2.4, 0.1, 2.2],
        "percentile": [0.8, 54.0, 98.6],
        "drought_class": ["D4", "normal", "W2"],
        "reference_years": [12, 11, 12],
        "dry_rank": [1, 6, 12],
        "ranked_years": [12, 11, 12],
    }
    return pd.DataFrame({**frame, **columns})


def page(indicator: str = "spi_3", frame: pd.DataFrame | None = None, **options: Any) -> str:
    options = {
        "period_end": date(2022, 8, 31),
        "sources": ["AgERA5"],
        "published_on": date(2022, 9, 3),
        **options,
    }
    frame = values() if frame is None else frame
    return maps.render_map(sample_france.squares(NAMES), frame, indicator=indicator, **options)


def features(text: str) -> dict[str, dict[str, Any]]:
    """The départements embedded in a page, by code: the tooltip's words, geometry and style."""
    found = re.findall(r"_add\((\{.*?\})\);\n", text, flags=re.DOTALL)
    collections = [json.loads(each) for each in found]
    (layer,) = [each for each in collections if "pale" in each["features"][0]["properties"]]
    said = settings(text)["said"]
    return {
        said[int(each["id"])]["code"]: {**each, "said": said[int(each["id"])]}
        for each in layer["features"]
    }


def settings(text: str) -> dict[str, Any]:
    """What the page hands to its script beside the geometry."""
    (found,) = re.findall(r"^var settings = (.*);$", text, flags=re.MULTILINE)
    return dict(json.loads(found))


def legend(text: str) -> dict[str, int]:
    """Counts of the page's legend, by class code."""
    rows = re.findall(r'<li[^>]*data-style="(\w+)">.*?class="count">(\d+)<', text)
    return {code: int(count) for code, count in rows}


def words(text: str) -> str:
    """The page's text with ordinary spaces and hyphens."""
    plain = html.unescape(text).replace(NBSP, " ").replace(THIN, " ")
    return plain.replace("\u2011", "-")


def test_the_same_input_gives_the_same_bytes() -> None:
    assert page() == page()


def test_a_page_says_language_title_period_and_source() -> None:
    text = page(sources=[Source("AgERA5", "https://cds.climate.copernicus.eu", "licence C")])
    assert '<html lang="fr">' in text
    assert '<meta charset="utf-8">' in text
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text
    assert "<title>Pluie sur 3 mois, juin à août 2022</title>" in text
    assert '<a href="https://cds.climate.copernicus.eu" rel="noreferrer">AgERA5</a>' in text
    assert "(licence C)" in text
    assert "Publié le 3 septembre 2022." in words(text)
    english = page(lang="en", sources=[Source(Words("Météo", "Weather"))])
    assert "<title>Rain over 3 months, June to August 2022</title>" in english
    assert "Sources: Weather. Published on 3 September 2022." in words(english)


def test_the_finding_counts_what_is_known() -> None:
    assert "1 département sur 3 est en sécheresse, dont 1 en sécheresse extrême" in words(page())
    wet = values(drought_class=["W0", "normal", None])
    assert "Aucun département sur 2 n'est en sécheresse." in words(page(frame=wet))
    assert "No département of 2 is in drought." in words(page(frame=wet, lang="en"))
    free = values(drought_class=["vigilance", "none", "none"])
    text = words(page("water_restrictions", free, step="day"))
    assert "Aucun département sur 3 ne limite l'usage de l'eau." in text


def test_each_kind_of_indicator_has_its_finding() -> None:
    rain = values(value=[10.0, 20.0, 90.0], drought_class=[None] * 3)
    assert "La moitié des départements ont reçu moins de 20 mm de pluie ; le moins : 10 mm (" in (
        words(page("precip_mm", rain))
    )
    most_have_none = values(value=[0.0, 0.0, 30.0], drought_class=[None] * 3)
    assert "2 départements sur 3 : 0 jour ; le plus : 30 jours (" in (
        words(page("drought_days_d3", most_have_none))
    )
    alike = values(value=[0.0] * 3, drought_class=[None] * 3)
    assert "Les 3 départements : 0 jour." in words(page("drought_days_d3", alike))
    gap = values(value=[-60.0, -20.0, 90.0], drought_class=[None] * 3)
    assert "2 départements sur 3 ont reçu moins de pluie que la normale, dont 1 moins de la " in (
        words(page("precip_anomaly_pct", gap))
    )
    poor = values(value=[-30.0, -20.0, 4.0], drought_class=[None] * 3)
    assert (
        "2 départements sur 3 sont sous la moyenne des 5 récoltes précédentes, dont 1 de plus de "
        "20 %."
    ) in words(page("yield_anomaly_pct_soft_wheat", poor, step="year"))
    good = values(value=[30.0, 20.0, 4.0], drought_class=[None] * 3)
    text = words(page("yield_anomaly_pct_soft_wheat", good, step="year"))
    assert "Aucun département sur 3 n'est sous la moyenne des 5 récoltes précédentes." in text
    assert "blé tendre, 2022</title>" in text
    season = words(page("season_precip_departure_mm", gap))
    assert "2 départements sur 3 sont au-dessous de la normale." in season
    levels = values(drought_class=["crise", "vigilance", "none"])
    text = words(page("water_restrictions", levels, step="day"))
    assert "1 département sur 3 limite l'usage de l'eau, dont 1 en crise." in text
    assert "Restrictions d'eau" in text
    assert "31 août 2022" in text
    nothing = values(value=[np.nan] * 3, drought_class=[None] * 3)
    assert "Aucune donnée pour cette période." in words(page("spi_3", nothing))


def test_the_legend_counts_every_class_and_the_missing() -> None:
    counts = legend(page())
    assert counts["D4"] == counts["normal"] == counts["W2"] == counts["no_data"] == 1
    assert sum(counts.values()) == len(NAMES)
    assert list(counts) == [style.code for style in DROUGHT_CLASSES] + ["no_data"]


def test_no_line_for_no_data_where_every_departement_is_known() -> None:
    full = pd.concat([values(), values().iloc[:1].assign(departement="04")])
    assert "no_data" not in legend(page(frame=full))
    assert "Hachures" not in page(frame=full)


def test_a_departement_without_data_is_hatched_and_says_why() -> None:
    text = page(frame=values(drought_class=["D4", None, "W2"], reason=[None, "hors source", None]))
    known = features(text)
    assert known["02"]["said"]["head"] == known["04"]["said"]["head"] == "Pas de données"
    assert known["02"]["said"]["body"] == "Hors source."
    assert known["04"]["said"]["style"] == known["04"]["properties"]["style"] == "no_data"
    styler = text[text.index("_styler(feature)") :]
    hatched = re.search(r'((?:case "\w+": )+)\s*return [^}]*url\(#hatch\)', styler)
    default = re.search(r"default:\s*return ([^}]*)", styler)
    assert hatched is not None or (default is not None and "url(#hatch)" in default[1])
    assert '<pattern id="hatch"' in text


def test_tooltips_speak_words_and_carry_the_class_code() -> None:
    said = features(page())["01"]["said"]
    assert words(said["head"]) == "Sécheresse exceptionnelle †"
    assert (
        words(said["body"])
        == "Sur 3 mois, la plus faible pluie des 12 années connues à cette date."
    )
    assert words(said["value"]) == "Indice SPI : −2,40 (D4). Normale de 12 ans †"


def test_short_references_are_marked_and_explained() -> None:
    text = words(page(reference_period="2010-2022"))
    assert "Normale 2010-2022 †." in text
    assert "† Référence courte : la normale repose sur 11 à 12 ans et non sur 30." in text
    full = words(page(frame=values(reference_years=[30, 30, 30])))
    assert "†" not in full


def test_provisional_values_are_marked_and_explained() -> None:
    assert "* Valeurs provisoires" in words(page(provisional=True))
    assert "Valeurs provisoires" not in page()


def test_further_notes_are_printed() -> None:
    assert "<p>Corse : 2015-2020 &lt;b&gt;.</p>" in page(notes=["Corse : 2015-2020 <b>."])


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_hostile_names_are_text_everywhere(lang: Lang) -> None:
    text = page(
        lang=lang,
        sources=[HOSTILE, Source(HOSTILE, "javascript:alert(1)", HOSTILE)],
        notes=[HOSTILE],
        reference_period=HOSTILE,
        frame=values(drought_class=["D4", None, "W2"], reason=[None, HOSTILE, HOSTILE]),
    )
    assert "<img" not in text
    assert text.count("</script>") == text.count("<script>") == 2
    assert "javascript:" not in text
    assert features(text)["03"]["said"]["name"] == f"{HOSTILE} (03)"
    assert HOSTILE in features(text)["02"]["said"]["body"]
    assert html.unescape(text).count(HOSTILE) >= 4


def test_an_inset_of_hostile_name_is_text_too() -> None:
    shapes = sample_france.squares(["Ain", HOSTILE])
    text = maps.render_map(
        shapes,
        values().iloc[:1],
        indicator="spi_3",
        period_end=date(2022, 8, 31),
        sources=[],
        published_on=date(2022, 9, 3),
    )
    assert "<img" not in text
    assert settings(text)["names"][0]["name"] == HOSTILE


def test_nothing_in_the_page_points_outside() -> None:
    text = page()
    assert not re.search(
        r"""(?:src|srcset|data|action|poster)\s*=\s*["']?\s*(?:https?:)?//""", text
    )
    assert "<link" not in text.replace('<link rel="icon" href="data:,">', "")
    assert "@import" not in text
    assert "sourceMappingURL" not in text
    styles = "".join(re.findall(r"<style>(.*?)</style>", text, flags=re.DOTALL))
    assert "url(" not in styles
    for cdn in ("cdn.jsdelivr.net", "cdnjs", "googleapis", "jquery.com", "unpkg"):
        assert cdn not in text
    hrefs = set(re.findall(r'href="([^"]*)"', text))
    assert not {href for href in hrefs if href.startswith("http")} - {"https://leafletjs.com"}


def test_the_policy_forbids_every_request_and_allows_only_our_scripts() -> None:
    text = page()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    rules = dict(rule.strip().split(" ", 1) for rule in html.unescape(policy).split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    assert "unsafe-inline" not in policy
    scripts = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", text, flags=re.DOTALL)
    assert page_policy(styles=styles, scripts=scripts) == html.unescape(policy)
    assert not re.search(r"<[^<>]*\sstyle=", text.split("<script>")[0])


def test_coordinates_are_rounded_and_keep_their_shape() -> None:
    shapes = sample_france.squares(["Ain", "Aisne"])
    shapes["geometry"] = shapes.geometry.translate(0.123456, 0.123456)
    rows = features(
        maps.render_map(
            shapes,
            values().iloc[:2],
            indicator="spi_3",
            period_end=date(2022, 8, 31),
            sources=[],
            published_on=date(2022, 9, 3),
        )
    )
    (ring,) = rows["01"]["geometry"]["coordinates"]
    assert ring[0] == ring[-1]
    assert {number for point in ring for number in point} == {0.1, 100.1, 6500.1, 6600.1}


def test_a_ring_smaller_than_the_precision_is_dropped_with_its_points() -> None:
    big = [[0, 0], [10, 0], [10.01, 0.01], [10, 10], [0, 0]]
    tiny = [[5, 5], [5.01, 5], [5.01, 5.01], [5, 5]]
    assert planar_map.rounded([big, tiny]) == [[[0, 0], [10, 0], [10, 10], [0, 0]]]
    assert planar_map.rounded([[big], [tiny]]) == [[[[0, 0], [10, 0], [10, 10], [0, 0]]]]


def test_the_table_lists_every_departement_by_code() -> None:
    text = words(page())
    body = text[text.index("<tbody>") : text.index("</tbody>")]
    codes = re.findall(r"<tr><td>(\w+)</td>", body)
    assert codes == ["01", "02", "03", "04"]
    assert '<td>sécheresse exceptionnelle †</td><td class="num">−2,40 †</td>' in body
    assert "<td>pas de données</td>" in body
    ranks = re.findall(r'class="num">([^†]{0,5})</td></tr>', body)
    assert ranks == ["1/12", "6/11", "12/12", ""]
    restrictions = page("water_restrictions", values(drought_class=["crise", "none", None]))
    head = restrictions[restrictions.index("<thead>") : restrictions.index("</thead>")]
    assert re.findall(r"<th[^>]*>([^<]*)</th>", head) == ["Code", "Département", "Niveau"]


def test_unknown_indicator_or_class_is_refused_in_one_line() -> None:
    with pytest.raises(ValueError, match=r"unknown indicator 'ndvi': expected one of combined"):
        page("ndvi")
    with pytest.raises(ValueError, match="unknown class 'D7'"):
        page(frame=values(drought_class=["D7", "D1", "D1"]))


def test_rows_that_would_be_lost_are_refused() -> None:
    with pytest.raises(ValueError, match="values hold several rows for 01"):
        page(frame=values(departement=["01", "01", "02"]))
    with pytest.raises(ValueError, match="values without a shape: 99"):
        page(frame=values(departement=["01", "02", "99"]))


def test_nullable_columns_are_understood() -> None:
    frame = values().convert_dtypes()
    frame.loc[1, ["value", "percentile", "drought_class", "reference_years"]] = pd.NA
    assert legend(page(frame=frame))["no_data"] == 2


@pytest.mark.skipif(not sample_france.LIGHT.exists(), reason="assets_data has no light boundaries")
def test_all_of_france_fits_in_600_kb() -> None:
    shapes = sample_france.france()
    text = maps.render_map(
        shapes,
        sample_france.dry_south(shapes),
        indicator="spi_3",
        period_end=date(2022, 8, 31),
        sources=["AgERA5"],
        published_on=date(2022, 9, 3),
    )
    assert len(text.encode()) < 600_000
    assert len(features(text)) == len(shapes) == 101
    assert legend(text)["no_data"] == len(sample_france.WITHOUT_DATA)
