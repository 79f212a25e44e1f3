"""The map page without a browser: what it says, what it draws, what it sends."""

import itertools
import json
import re
from datetime import date

import numpy as np
import pytest

from geo_pipeline.catalogue.styles import DROUGHT_CLASSES
from geo_pipeline.drawing import outlines
from panel_app.data import class_shares
from panel_app.data.indicator_matrix import Matrix
from panel_app.data.page_view import PageView, hectares, percent
from panel_app.data.store import Publication
from panel_app.drawing import atlas, indicator_heights
from panel_app.pages.map import map_cells, map_charts, map_france, map_place
from panel_app.pages.map import map_page as page
from tests.app.conftest import plain, view_of

AUGUST = date(2022, 8, 31)


class Fixed(PageView):
    """A view on a matrix made by hand."""

    def __init__(
        self, publication: Publication, matrix: Matrix, row: int, lang: str = "fr"
    ) -> None:
        view = view_of(publication, lang=lang)
        super().__init__(publication, view.state)
        self.__dict__.update(matrix=matrix, row=row)


def test_the_legend_counts_departements_and_area(publication: Publication, drought: Matrix) -> None:
    said = page.legend(Fixed(publication, drought, 0))
    rows = {row["name"]: row for row in said["rows"]}
    assert rows["Sécheresse exceptionnelle"]["count"] == 1
    assert plain(rows["Sécheresse exceptionnelle"]["area"]) == "17 %"
    assert rows["Pas de données"]["count"] == 1
    assert rows["Pas de données"]["hatched"]
    assert "600 km²" in plain(said["units"])


def test_how_long_a_drought_lasts(publication: Publication, drought: Matrix) -> None:
    since = plain(map_place.since(Fixed(publication, drought, 1), 0))
    assert since == "En sécheresse depuis la 3e décade de janvier 2020, soit 20 jours (2 décades)."
    assert map_place.since(Fixed(publication, drought, 1), 2) == ""
    behind_a_hole = map_place.since(Fixed(publication, drought, 2), 0)
    assert behind_a_hole == "Entrée en sécheresse à cette date."


def test_what_has_changed_since_the_step_before(publication: Publication, drought: Matrix) -> None:
    """From February to April: 01 from D4 to D2 and 03 from normal to W0 are wetter; 02 stays."""
    said = map_france.changes(Fixed(publication, drought, 2))
    assert said is not None
    assert plain(said["wetter"]) == "2 à une classe plus humide"
    assert plain(said["drier"]) == "0 département était passé à une classe plus sèche"
    assert map_france.changes(Fixed(publication, drought, 0)) is None


@pytest.mark.parametrize(
    ("area", "said"),
    [
        (0.0, "0 ha"),
        (1234.0, "1 230 ha"),
        (104555.0, "104 600 ha"),
        (5444000.0, "5,44 millions d'ha"),
        (float("nan"), "n. d."),
    ],
)
def test_areas_are_rounded_to_what_is_known(area: float, said: str) -> None:
    assert plain(hectares(area, "fr")) == said


def test_little_is_not_nothing() -> None:
    assert plain(percent(0.2, "fr")) == "< 1 %"
    assert plain(percent(0.0, "fr")) == "0 %"


def test_the_gers_in_august_2022(publication: Publication) -> None:
    said = plain(page.slots(view_of(publication, period="2022-08", departement="32"))["detail"])
    for known in (
        "Gers",
        "Sécheresse grave",
        "Le plus sec des 11 années",
        "référence courte de 11 ans",
    ):
        assert known in said
    for known in ("39 300 ha", "48 mm", "Pluie sur 6 mois", "Crise"):
        assert known in said


def test_english(publication: Publication) -> None:
    view = view_of(publication, indicator="spi_3", period="2022-08", departement="32", lang="en")
    assert "Moderate drought" in page.slots(view)["detail"]


@pytest.mark.parametrize("code", ["75", "92", "971", "976"])
def test_a_place_without_weather_is_explained(publication: Publication, code: str) -> None:
    said = plain(page.slots(view_of(publication, period="2022-08", departement=code))["detail"])
    assert "Pas de données" in said
    assert "ne couvrent pas ce département" in said
    assert "Restriction d'eau" in said
    assert "chart-history" not in said


@pytest.mark.slow
def test_every_indicator_speaks_of_france_and_of_every_place(publication: Publication) -> None:
    # Languages and places in turn: each indicator meets all of them in three of its periods or so.
    turns = itertools.cycle((("fr", ""), ("en", "32"), ("fr", "75"), ("en", ""), ("fr", "2B")))
    for indicator in publication.indicators:
        matrix = publication.matrix(indicator)
        for row in sorted({0, len(matrix.periods) // 2, len(matrix.periods) - 1}):
            lang, code = next(turns)
            asked = {"indicator": indicator, "period": matrix.period_typed(row)}
            said = page.slots(view_of(publication, **asked, departement=code, lang=lang))
            words = re.sub(r"<[^>]*>", " ", "".join(said.values()).lower())
            assert not re.search(r"\bnan\b", words), (indicator, row, code)


def test_the_cells_are_the_classes_that_are_published(publication: Publication) -> None:
    sent = json.loads(map_cells.cells(publication, "combined", "", "fr"))
    matrix = publication.matrix("combined")
    assert len(sent["cells"]) == len(matrix.periods) * 101
    row = sent["dates"].index("2022-08-31")
    for code, known in (("32", "D2"), ("31", "D3"), ("75", None)):
        cell = sent["cells"][row * 101 + publication.codes.index(code)]
        assert (known is None and cell == map_cells.UNKNOWN) or (
            DROUGHT_CLASSES[ord(cell) - 48].code == known
        )
    assert sent["labels"][row] == "3e décade d'août 2022"
    assert sent["months"][str(row)] == "Août 2022"
    assert sent["left"] == sorted(sent["left"])
    assert (sent["left"][0], sent["right"][-1]) == (0, 1)


def test_the_figures_of_the_legend_are_sent_for_every_period(publication: Publication) -> None:
    """What the script puts into the legend by itself is what the session writes there."""
    for query in ({"period": "2022-08"}, {"period": "2018-04-20", "crop": "soft_wheat"}):
        view = view_of(publication, **query)
        sent = json.loads(map_cells.cells(publication, "combined", view.state.crop, "fr"))
        classes, row, said = len(sent["styles"]), view.row, page.legend(view)["rows"]
        counts = sent["counts"][row * (classes + 1) : (row + 1) * (classes + 1)]
        assert counts == [each["count"] for each in said]
        assert sum(counts) == 101
        here = slice(row * classes, (row + 1) * classes)
        area = [sent["percents"][code] for code in sent["area"][here]]
        written = zip(area, counts[:-1], strict=True)
        assert [each["area"] for each in said[:-1]] == [text if n else "" for text, n in written]
        crop = [sent["percents"][code] if code else "" for code in (sent["crop"] or [])[here]]
        assert [each["crop"] for each in said[:-1]] == (crop or [""] * classes)
    assert sent["percents"][:3] + sent["percents"][-1:] == [
        f"{text}\u202f%" for text in ("0", "1", "2", "<\u202f1")
    ]


def test_the_share_in_drought_is_that_of_the_timeline(publication: Publication) -> None:
    sent = json.loads(map_cells.cells(publication, "combined", "", "fr"))
    matrix = publication.matrix("combined")
    row = sent["dates"].index("2022-08-31")
    assert sent["drought"][row] == round(matrix.drought_share(row))
    assert json.loads(map_cells.cells(publication, "precip_mm", "", "fr"))["drought"][row] == -1


def test_the_second_map_is_a_year_before_at_every_period(publication: Publication) -> None:
    matrix = publication.matrix("combined")
    rows = map_cells.second_rows(matrix, matrix, None)
    before = {
        period.replace(year=period.year + 1): row
        for row, period in enumerate(matrix.periods)
        if period.day != 29
    }
    known = [(row, before[period]) for row, period in enumerate(matrix.periods) if period in before]
    assert len(known) > 200
    assert all(rows[row] == year_before for row, year_before in known)
    assert rows[:3] == [0, 0, 0]  # before the record there is none


def test_nearest_rows_are_those_of_nearest(drought: Matrix) -> None:
    wanted = [date(2020, 1, 1), date(2020, 2, 5), date(2020, 3, 22), date(2021, 1, 1)]
    assert drought.nearest_rows(wanted).tolist() == [drought.nearest(day) for day in wanted]
    assert drought.nearest_rows(wanted).tolist() == [0, 0, 2, 2]


def test_a_step_of_the_period_sends_no_shapes_and_no_map(publication: Publication) -> None:
    one, two = (view_of(publication, period=f"2022-{month}") for month in ("07", "08"))
    assert page.matrices(one) == page.matrices(two)
    assert page.kept_up(one) == page.kept_up(two)
    assert page.slots(one)["timeline"] == page.slots(two)["timeline"]
    changing = {name for name, text in page.slots(one).items() if page.slots(two)[name] != text}
    sent = sum(len(page.slots(two)[name]) for name in changing - set(page.kept_up(two)))
    assert sent < 32_000


def test_the_map_is_painted_as_the_classes_say(publication: Publication) -> None:
    html = page.stage(view_of(publication, indicator="spi_6", period="2022-08", departement="32"))
    uses = dict(re.findall(r'<use href="#s-(\w+)"[^>]*?fill="([^"]+)"', html))
    assert len(uses) == 105  # 101, and four around Paris once more
    moderate = next(style for style in DROUGHT_CLASSES if style.code == "D1")
    assert uses["32"] == moderate.colour
    assert uses["75"] == uses["75x"] == "url(#hatch-wide)"
    assert html.count('class="outline"') == 1
    assert 'aria-label="Gers, Sécheresse modérée"' in html


def test_two_maps_are_compared(publication: Publication) -> None:
    view = view_of(publication, period="2022-08", compare="side")
    assert page.other_row(view, view.matrix) == view.matrix.nearest(date(2021, 8, 31))
    html = plain(page.stage(view))
    assert html.count("france-map") == 2
    assert "Sécheresse agricole, août 2021" in html
    said = plain(page.comparison(view)["finding"])
    # 84 + 3 + 5 of the 92 that have a class: counted on the map by hand of the two palettes.
    drier, wetter, same = (int(number) for number in re.findall(r"\d+", said))
    assert drier + wetter + same == 92
    assert drier > wetter  # August 2022 was dry, July 2021 wet
    fixed = view_of(publication, period="2022-08", compare="swipe", at="2011-05-31", with_="spi_3")
    other = publication.matrix("spi_3")
    assert other.periods[page.other_row(fixed, other)] == date(2011, 5, 31)
    assert page.matrices(fixed)["other"]


def test_the_same_dekad_of_each_year(publication: Publication) -> None:
    bars = map_charts.same_month(view_of(publication, period="2022-08"))
    years = {bar["year"]: bar for bar in bars}
    assert sorted(years) == list(range(2010, 2023))
    assert years[2014]["parts"] is None  # no weather then
    assert years[2022]["now"]
    assert plain(years[2022]["text"]) == "67 %"
    assert years[2011]["period"] == "2011-08"


def test_the_second_dekad_of_february_is_not_the_third(publication: Publication) -> None:
    view = view_of(publication, period="2022-02-20", compare="side")
    bars = map_charts.same_month(view)
    assert {bar["period"] for bar in bars if bar["period"]} <= {
        f"{year}-02-20" for year in range(2010, 2023)
    }
    offered = {each["value"] for each in page.comparison(view)["years"]}
    assert "2021-02-20" in offered
    assert "2021-02-28" not in offered


def test_shares_of_a_crop_weigh_the_timeline(publication: Publication) -> None:
    by_area = class_shares.shares_of(publication, "combined", "")
    by_crop = class_shares.shares_of(publication, "combined", "soft_wheat")
    known = by_crop.sum(axis=1) > 0
    assert np.allclose(by_crop[known].sum(axis=1), 100)
    assert not np.allclose(by_area, by_crop)


def test_the_worst_hit_grow_the_crop(publication: Publication) -> None:
    """Corsica and the Var are as dry and grow no maize; the Landes grow 42,800 ha."""
    maize = "crop_stress_pct_grain_maize_rainfed"
    view = view_of(publication, indicator=maize, period="2022-08-20")
    said = page.france(view)
    names = [row["name"] for row in said["driest"]]
    assert names[0] == "Landes"
    assert plain(said["driest"][0]["said"]) == "42 800 ha"
    assert not {"Corse-du-Sud", "Var"} & set(names)
    assert said["list_heading"] == view.words("france.worst_growing")
    assert plain(said["value_name"]).endswith("surfaces de 2012-2013")  # none is after
    wheat = view_of(publication, indicator="yield_anomaly_pct_soft_wheat", crop="soft_wheat")
    assert plain(page.france(wheat)["value_name"]).endswith("surfaces de 2022")
    assert plain(page.legend(wheat)["crop_note"]).endswith("Agreste, 2022.")


def test_the_step_before_is_named_in_french(publication: Publication) -> None:
    dekad = map_france.changes(view_of(publication, period="2022-08-20"))
    month = map_france.changes(view_of(publication, period="2022-08"))
    assert dekad is not None
    assert month is not None
    assert plain(dekad["title"]) == "Depuis la 1re décade d'août 2022"
    assert plain(month["title"]) == "Depuis juillet 2022"


def test_stages_are_bars_of_one_height(publication: Publication) -> None:
    matrix = publication.matrix("cdi")
    column = matrix.column("32")
    drawn = indicator_heights.heights(matrix, np.s_[:, column])
    assert set(np.unique(drawn[~np.isnan(drawn)])) == {0.0, 1.0}
    stages = matrix.drought_class[:, column]
    assert ((drawn == 1.0) == [stage not in (None, "normal") for stage in stages]).all()


def test_hostile_names_are_escaped(publication: Publication) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    view = view_of(publication, period="2022-08")
    fields = {name: getattr(view.matrix, name) for name in Matrix.__dataclass_fields__}
    matrix = Matrix(**{**fields, "names": tuple(hostile for _ in view.matrix.names)})
    said = page.slots(Fixed(publication, matrix, view.row))
    assert hostile not in "".join(said.values())
    assert "&lt;img" in said["detail"]


def test_json_in_a_script_cannot_end_it(publication: Publication) -> None:
    assert map_cells.as_json(["</script><script>alert(1)</script>"]).count("<") == 0


def test_shapes_are_within_a_tenth_of_a_kilometre(publication: Publication) -> None:
    """The path of the Gers, read back, has the outline of its shape."""
    shape = publication.shapes.geometry[publication.codes.index("32")]
    text = outlines.path(shape)
    start, steps = re.fullmatch(r"M([^l]+)l(.+)z", text).groups()  # type: ignore[union-attr]
    numbers = [float(each) for each in re.findall(r"-?\d+(?:\.\d+)?", f"{start} {steps}")]
    track = np.cumsum(np.array(numbers).reshape(-1, 2), axis=0)
    corners = np.asarray(shape.exterior.coords)[:-1] * (1, -1)
    assert len(track) == len(corners)
    assert np.abs(track - corners).max() <= 0.0501


def test_paris_is_drawn_twice(publication: Publication) -> None:
    names = atlas.drawing(publication).names
    assert [name for name in names if name.endswith("x")] == ["75x", "92x", "93x", "94x"]


def test_crops_at_stake_are_those_of_the_publication(publication: Publication) -> None:
    """August 2022: half of the maize is among the driest fifth of its own years."""
    table = publication.at_stake(date(2022, 8, 10))
    rows = table[table["region"].isna()].set_index("crop")
    assert set(rows.index) == {"grain_maize_rainfed", "grain_maize_irrigated"}
    assert rows["affected_pct"].between(40.0, 65.0).all()
    said = plain(page.slots(view_of(publication, period="2022-08-10", lang="en"))["detail"])
    affected = f"{rows.loc['grain_maize_irrigated', 'affected_pct']:.0f}%"
    assert "Crops at stake" in said
    assert affected in said
    other = page.slots(view_of(publication, period="2022-08-10", indicator="spi_3"))["detail"]
    assert "Cultures en jeu" not in other
