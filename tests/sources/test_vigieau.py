"""VigiEau over real HTTP: levels and zones; a fault never reads as "no restriction"."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from geo_pipeline.errors import SourceError
from geo_pipeline.sources.http import Http
from geo_pipeline.sources.vigieau import Vigieau, paris_day
from geo_pipeline.sources.vigieau.orders import ORDER_COLUMNS
from geo_pipeline.territory import CODES

API = "/api/departements"
OLDER = "/older/api/departements"
DATASET = "/api/1/datasets/donnee-secheresse-vigieau/"
FILES = "/files/"
EARLY = datetime(2026, 10, 3, 6, 0, tzinfo=UTC)

LEVEL_COLUMNS = ["level_max", "level_surface", "level_groundwater", "level_drinking"]


@pytest.fixture
def http() -> Iterator[Http]:
    with Http(attempts=2, backoff_s=0.01, patience_s=1.0, default_rate=1000.0) as door:
        yield door


@pytest.fixture
def vigieau(provider: Any, http: Http) -> Vigieau:
    return Vigieau(
        http,
        provider.url,
        older_urls=(f"{provider.url}/older",),
        dataset_url=provider.url + DATASET,
        now=lambda: EARLY,
    )


@pytest.fixture
def observed() -> Path:
    folder = Path(__file__).resolve().parents[3] / "shared" / "data" / "observed"
    if not folder.exists():
        pytest.skip("the observations for checks (../shared/data) are not on this machine")
    return folder


LEVEL_FIELDS = [
    "niveauGraviteMax", "niveauGraviteSupMax", "niveauGraviteSouMax", "niveauGraviteAepMax",
]  # fmt: skip


def entry(of_code: str, **said: Any) -> dict[str, Any]:
    return {"code": of_code, **dict.fromkeys(LEVEL_FIELDS)} | said


def everywhere(**of: dict[str, Any]) -> list[dict[str, Any]]:
    """All départements without restriction, but for what is told of some (`_31=...`)."""
    return [entry(code, **of.get(f"_{code}", {})) for code in CODES]


def refused(call: Any, *told: str) -> None:
    with pytest.raises(SourceError) as error:
        call()
    message = str(error.value)
    assert "\n" not in message
    for part in ("vigieau", "http://127.0.0.1", *told):
        assert part in message


# Levels


def test_the_recorded_body_byte_for_byte(provider: Any, vigieau: Vigieau, observed: Path) -> None:
    """Every level of 3 October 2026 is the one in the body, and null is none."""
    recorded = (observed / "vigieau_api_departements_2026-10-03.json").read_bytes()
    provider.on(API, recorded, content_type="application/json; charset=utf-8")
    found = vigieau.levels()
    rows = found.rows.set_index("departement")
    assert list(rows.index) == sorted(CODES)
    assert set(rows["date"]) == {pd.Timestamp("2026-10-03")}
    names = (
        "niveauGraviteMax",
        "niveauGraviteSupMax",
        "niveauGraviteSouMax",
        "niveauGraviteAepMax",
    )
    for said in json.loads(recorded):
        levels = [
            None if pd.isna(level) else level for level in rows.loc[said["code"], LEVEL_COLUMNS]
        ]
        assert levels == [said[name] for name in names]
    assert rows["level_max"].value_counts().to_dict() == {
        "crise": 79, "alerte_renforcee": 14, "alerte": 3, "vigilance": 3,
    }  # fmt: skip
    assert rows["level_groundwater"].isna().sum() == 12
    assert found.unknown == (("973", "level_drinking"), ("976", "level_drinking"))
    assert found.provenance.url == provider.url + API


def test_the_day_is_that_of_paris() -> None:
    assert paris_day(datetime(2026, 10, 2, 22, 30, tzinfo=UTC)) == date(2026, 10, 3)
    assert paris_day(datetime(2026, 12, 31, 22, 30, tzinfo=UTC)) == date(2026, 12, 31)


def test_an_unchanged_answer_holds_today(provider: Any, http: Http) -> None:
    """304 on the next day: the same levels, of that day."""
    days = iter([EARLY, datetime(2026, 10, 4, 6, 0, tzinfo=UTC)])
    vigieau = Vigieau(http, provider.url, now=lambda: next(days))
    provider.on(API, json=everywhere(), etag='"1"')
    assert vigieau.levels().rows["date"].iloc[0] == pd.Timestamp("2026-10-03")
    assert vigieau.levels().rows["date"].iloc[0] == pd.Timestamp("2026-10-04")


def test_offline_the_day_is_that_of_the_answer(provider: Any, http: Http) -> None:
    provider.on(API, json=everywhere())
    before = paris_day(datetime.now(UTC))
    Vigieau(http, provider.url).levels()
    after = paris_day(datetime.now(UTC))
    with Http(http.raw, offline=True) as door:
        day = Vigieau(door, provider.url, now=lambda: EARLY).levels().rows["date"].iloc[0]
    assert before <= day.date() <= after


def test_the_older_address_stands_in(provider: Any, vigieau: Vigieau) -> None:
    said = everywhere(_31={"niveauGraviteMax": "alerte", "niveauGraviteSupMax": "alerte"})
    provider.on(API, status=503).on(OLDER, json=said)
    rows = vigieau.levels().rows.set_index("departement")
    assert rows.loc["31", LEVEL_COLUMNS].tolist() == ["alerte", "alerte", None, None]
    provider.reset(API).on(API, "<html><title>Fermé</title></html>")
    assert vigieau.levels().provenance.url == provider.url + OLDER


def test_no_address_answers(provider: Any, vigieau: Vigieau) -> None:
    provider.on(API, status=503)
    refused(vigieau.levels, API, "503", OLDER, "404")


def test_a_mirror_that_fails_is_not_left_for_another_host(provider: Any, http: Http) -> None:
    provider.on(API, status=404)
    with pytest.raises(SourceError) as error:
        Vigieau(http, provider.url).levels()
    assert "gouv.fr" not in str(error.value)
    assert len(Vigieau(http).urls) == 2


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"error": "down"}, ["an object in place of a list"]),
        ([], ["does not list all départements", "01"]),
        ([*everywhere(), entry("31", niveauGraviteMax="crise")], ["twice: 31"]),
        ([entry(code, niveauGraviteMax="rouge") for code in CODES], ["département 01", "'rouge'"]),
        (everywhere()[11:], ["does not list all départements: 01 missing"]),
        ([*everywhere(), *(entry(f"{n}") for n in range(300, 320))], ["unknown département '300'"]),
        (["31"], ["a text in place of a département"]),
    ],
)
def test_levels_that_are_not_as_agreed(
    provider: Any, vigieau: Vigieau, body: Any, told: list[str]
) -> None:
    provider.on(API, json=body)
    refused(vigieau.levels, *told)


@pytest.mark.parametrize(
    ("body", "without", "told"),
    [
        (everywhere()[1:], "01", ("01", "does not list all départements: 01 missing")),
        ([*everywhere(), entry("99")], None, ("99", "names an unknown département '99'")),
        ([*everywhere(), entry("975")], None, ("975", "names an unknown département '975'")),
        (everywhere(_31={"niveauGraviteMax": "rouge"}), "31", ("31", "has unknown level 'rouge'")),
        (everywhere(_31={"niveauGraviteSouMax": ""}), "31", ("31", "has unknown level ''")),
        (everywhere(_31={"niveauGraviteAepMax": 3}), "31", ("31", "has unknown level 3")),
    ],
)
def test_one_bad_departement_does_not_refuse_the_others(
    provider: Any, vigieau: Vigieau, body: Any, without: str | None, told: tuple[str, str]
) -> None:
    """It has no row, which is not the same as no restriction."""
    provider.on(API, json=body)
    found = vigieau.levels()
    assert found.rows["departement"].tolist() == [code for code in CODES if code != without]
    ((name, why),) = found.left_out
    assert name == told[0]
    assert why.startswith(told[1])


@pytest.mark.parametrize("said", ["alerte_renforcee", "Alerte renforcée", "alerte renforcée"])
def test_a_level_however_it_is_written(provider: Any, vigieau: Vigieau, said: str) -> None:
    provider.on(API, json=everywhere(_31={"niveauGraviteMax": said}))
    rows = vigieau.levels().rows.set_index("departement")
    assert rows.loc["31", "level_max"] == "alerte_renforcee"


def test_a_field_that_is_gone_is_not_null(provider: Any, vigieau: Vigieau) -> None:
    body = everywhere()
    code = body[30]["code"]
    del body[30]["niveauGraviteSupMax"]
    provider.on(API, json=body)
    found = vigieau.levels()
    assert found.left_out == ((code, "has no `niveauGraviteSupMax`"),)
    assert code not in set(found.rows["departement"])
    provider.reset(API).on(
        API, json=[{**entry(code), "niveauGraviteSupMax": None} for code in CODES]
    )
    assert vigieau.levels().left_out == ()


def test_a_body_that_is_cut(provider: Any, vigieau: Vigieau) -> None:
    whole = json.dumps(everywhere())
    provider.on(API, whole[:-100]).on(OLDER, whole, cut=100)
    refused(vigieau.levels, "ends too early")


def test_a_body_with_a_byte_order_mark(provider: Any, vigieau: Vigieau) -> None:
    provider.on(API, b"\xef\xbb\xbf" + json.dumps(everywhere()).encode())
    assert len(vigieau.levels().rows) == 101


# Zones


def square(west: float, south: float, side: float = 0.1) -> dict[str, Any]:
    east, north = west + side, south + side
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def zone(number: int, geometry: Any = None, **said: Any) -> dict[str, Any]:
    """A feature as in VigiEau's own file."""
    properties = {
        "id": number,
        "idSandre": None,
        "nom": f"Zone {number}",
        "code": f"76_31_{number}",
        "type": "SUP",
        "niveauGravite": "alerte",
        "departement": {"code": "31", "nom": "Haute-Garonne"},
        "restrictions": [],
    }
    geometry = square(1.4, 43.5) if geometry is None else geometry
    return {"type": "Feature", "geometry": geometry or None, "properties": properties | said}


def collection(*features: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def resource(provider: Any, file: str, **said: Any) -> dict[str, Any]:
    kind = file.rpartition(".")[2]
    return {"title": file, "url": provider.url + FILES + file, "format": kind} | said


@pytest.fixture
def zones_file(provider: Any) -> str:
    """The dataset as it is listed: the file of zones is one of many, and not the newest."""
    listed = [
        resource(provider, "zones_alerte.geojson", last_modified="2026-10-02"),
        resource(provider, "zones_arretes_en_vigueur.pmtiles", last_modified="2026-10-03"),
        resource(
            provider,
            "zones_arretes_en_vigueur_2026-10-02.geojson",
            title="Carte des zones et arrêtés en vigueur - GeoJSON",
            last_modified="2026-10-02T06:00:00+00:00",
        ),
        resource(
            provider,
            "zones_arretes_en_vigueur_2026-10-03.geojson",
            title="Carte des zones et arrêtés en vigueur - GeoJSON",
            format="json",
            last_modified="2026-10-03T06:00:00+00:00",
        ),
    ]
    provider.on(DATASET, json={"resources": listed})
    return FILES + "zones_arretes_en_vigueur_2026-10-03.geojson"


def test_zones_in_force(provider: Any, vigieau: Vigieau, zones_file: str) -> None:
    provider.on(
        zones_file,
        json=collection(
            zone(1),
            zone(2, type="SOU", niveauGravite="crise"),
            zone(3, square(55.5, -21.1), type="AEP", departement={"code": "974"}),
            zone(4, niveauGravite=None),
            zone(5, geometry={}),
        ),
    )
    found = vigieau.zones()
    named = ["zone", "name", "zone_type", "departement", "level"]
    assert found.rows[named].values.tolist() == [
        ["1", "Zone 1", "surface", "31", "alerte"],
        ["2", "Zone 2", "groundwater", "31", "crise"],
        ["3", "Zone 3", "drinking", "974", "alerte"],
    ]
    assert found.rows.geometry.iloc[0].bounds == (1.4, 43.5, 1.5, 43.6)
    assert found.without_level == 1
    assert found.without_area == ("5",)
    assert provider.paths() == [DATASET, zones_file]


def test_the_real_zones(provider: Any, vigieau: Vigieau, zones_file: str, observed: Path) -> None:
    """2,841 features: 96 outlines without a level, 23 zones without an area, 2,722 zones."""
    recorded = (observed / "vigieau_zones_2026-07-02.geojson").read_bytes()
    provider.on(zones_file, recorded)
    found = vigieau.zones()
    assert found.without_level == 96
    empty = [f for f in json.loads(recorded)["features"] if not f["geometry"]["coordinates"]]
    assert found.without_area == tuple(str(f["properties"]["id"]) for f in empty)
    assert len(found.without_area) == 23
    assert len(found.rows) == 2841 - 96 - 23
    known = {str(f["properties"]["id"]): f["properties"] for f in json.loads(recorded)["features"]}
    types = {"SUP": "surface", "SOU": "groundwater", "AEP": "drinking"}
    for row in found.rows.itertuples():
        said = known[row.zone]
        assert row.zone_type == types[said["type_zone"]]
        assert (row.departement, row.level) == (said["departement_code"], said["niveau"])
        assert row.first_day == said["debut"]
        assert row.last_day == said["fin"]
        assert row.order == " ".join(said["arrete_numero"].split())
    # This file is derived from VigiEau's own, whose addresses and rules it does not repeat.
    assert found.rows[["order_url", "farming"]].isna().all(axis=None)


def test_orders_and_rules_for_farms_of_zones(
    provider: Any, vigieau: Vigieau, zones_file: str
) -> None:
    """As in VigiEau's own file; a rule for another water, or another reader, is none of a farm."""
    by_sprinkler = use("Irrigation  par aspersion", "Interdit de 8 h à 20 h")
    order = {
        "id": 7,
        "numero": "31-2026-07",
        "dateDebut": "2026-06-28",
        "dateFin": "2026-10-31T00:00:00.000Z",
        "fichier": "https://example.org/31-2026-07.pdf",
    }
    rules = [
        by_sprinkler,
        use("Forages", "Interdit", concerneEsu=False),
        use("Piscines", "Interdit", concerneExploitation=False),
        use("Sans règle", None),
        "?",
    ]
    unreadable = {"numero": 31, "dateDebut": "hier", "dateFin": None, "fichier": "javascript:x"}
    provider.on(
        zones_file,
        json=collection(
            zone(1, arreteRestriction=order, restrictions=rules),
            zone(2, type="SOU", arreteRestriction=order, restrictions=rules),
            zone(3, arreteRestriction=unreadable, restrictions=None),
        ),
    )
    rows = vigieau.zones().rows.set_index("zone")
    assert rows.loc["1", list(ORDER_COLUMNS)].tolist() == [
        "31-2026-07",
        "https://example.org/31-2026-07.pdf",
        "2026-06-28",
        "2026-10-31",
        [("Irrigation par aspersion", "Interdit de 8 h à 20 h")],
    ]
    assert [name for name, _ in rows.loc["2", "farming"]] == ["Irrigation par aspersion", "Forages"]
    assert rows.loc["3", list(ORDER_COLUMNS)].isna().all()


def use(name: str, rule: str | None, **said: bool) -> dict[str, Any]:
    """A use of water with its rule; for farms and all waters unless it is `said` otherwise."""
    marks = ("concerneExploitation", "concerneEsu", "concerneEso", "concerneAep")
    return {"nom": name, "description": rule, **dict.fromkeys(marks, True), **said}


def test_no_zone_in_force(provider: Any, vigieau: Vigieau, zones_file: str) -> None:
    provider.on(zones_file, json=collection())
    found = vigieau.zones()
    assert found.rows.empty
    assert list(found.rows.columns) == [
        "zone", "name", "zone_type", "departement", "level", *ORDER_COLUMNS, "geometry",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("features", "told"),
    [
        ([zone(1, niveauGravite="rouge")], "unknown level 'rouge'"),
        ([zone(1, niveauGravite=2)], "unknown level 2"),
        ([zone(1, type="MER")], "zone 1 of unknown type 'MER'"),
        ([zone(1, departement={"code": "99"})], "unknown département '99'"),
        ([zone(1, departement=None)], "unknown département None"),
        ([zone(1, square(650_000.0, 6_860_000.0))], "not longitude and latitude"),
        ([zone(1, square(43.5, 55.0))], "not longitude and latitude"),
        ([zone(7, {"type": "Point", "coordinates": [1.4, 43.5]})], "zone 7 that is not a polygon"),
        ([zone(7, {"type": "Polygon", "coordinates": [[["a", 1], [2, 3]]]})], "cannot be read"),
        ([{"type": "Feature", "geometry": None}], "without properties"),
        ([{"type": "Feature", "geometry": None, "properties": {"id": 1}}], "tells no level"),
        ("none", "no list of `features`"),
    ],
)
def test_zones_that_are_not_as_agreed(
    provider: Any, vigieau: Vigieau, zones_file: str, features: Any, told: str
) -> None:
    provider.on(zones_file, json={"type": "FeatureCollection", "features": features})
    refused(vigieau.zones, zones_file, told)


@pytest.mark.parametrize(
    ("bad", "kinds"),
    [
        (zone(7, type="MER"), ["drinking", "groundwater", "surface"]),
        (zone(7, niveauGravite="rouge"), ["drinking", "groundwater", "surface"]),
        (zone(7, {"type": "Point", "coordinates": [1.4, 43.5]}), ["surface"]),
        (zone(7, {"type": "Polygon", "coordinates": [[["a", 1], [2, 3]]]}), ["surface"]),
        (zone(7, {"type": "Polygon", "coordinates": [[[1, 43], [1, 44]]]}), ["surface"]),
        (zone(7, square(650_000.0, 6_860_000.0)), ["surface"]),
    ],
)
def test_one_bad_zone_does_not_refuse_the_others(
    provider: Any, vigieau: Vigieau, zones_file: str, bad: Any, kinds: list[str]
) -> None:
    """It is named, and the shares that it would have belonged to are not told."""
    good = [zone(n, departement={"code": "32"}) for n in range(10, 30)]
    provider.on(zones_file, json=collection(*good, bad))
    found = vigieau.zones()
    assert found.rows["zone"].tolist() == [f"{n}" for n in range(10, 30)]
    assert [name for name, _ in found.left_out] == ["7"]
    assert found.untold == tuple(("31", kind) for kind in kinds)


def test_shapes_that_can_be_taken_are(provider: Any, vigieau: Vigieau, zones_file: str) -> None:
    """Bow ties are repaired where areas are measured; of collections the polygons count."""
    tie = {"type": "Polygon", "coordinates": [[[1, 43], [2, 44], [2, 43], [1, 44], [1, 43]]]}
    high = {"type": "Polygon", "coordinates": [[[1, 43, 9], [2, 44, 9], [2, 43, 9], [1, 43, 9]]]}
    line = {"type": "LineString", "coordinates": [[1, 43], [2, 44]]}
    several = {"type": "GeometryCollection", "geometries": [line, square(1.4, 43.5), high]}
    provider.on(zones_file, json=collection(zone(1, tie), zone(2, high), zone(3, several)))
    found = vigieau.zones()
    assert found.left_out == ()
    assert found.untold == ()
    assert found.rows.geometry.geom_type.tolist() == ["Polygon", "Polygon", "MultiPolygon"]
    assert not found.rows.geometry.has_z.any()


def test_zone_files_that_are_none(provider: Any, vigieau: Vigieau, zones_file: str) -> None:
    provider.on(zones_file, json={"resources": []})
    refused(vigieau.zones, "in place of a GeoJSON FeatureCollection")
    lambert = collection(zone(1)) | {"crs": {"properties": {"name": "urn:ogc:def:crs:EPSG::2154"}}}
    provider.reset(zones_file).on(zones_file, json=lambert)
    refused(vigieau.zones, "another system than longitude")
    provider.reset(zones_file).on(zones_file, json.dumps(collection(zone(1)))[:-30])
    refused(vigieau.zones, "ends too early")
    provider.reset(zones_file)
    refused(vigieau.zones, "404")


@pytest.mark.parametrize(
    ("listed", "told"),
    [
        ({"resources": []}, "lists no GeoJSON of zones in force, but nothing"),
        ({"resources": [{"url": "http://x/a.csv", "title": "Arrêtés"}]}, "but Arrêtés"),
        ({"resources": [{"title": "no url"}]}, "no `resources` with their `url`"),
        ({"message": "gone"}, "no `resources`"),
        ([], "no `resources`"),
    ],
)
def test_datasets_without_zones(provider: Any, vigieau: Vigieau, listed: Any, told: str) -> None:
    provider.on(DATASET, json=listed)
    refused(vigieau.zones, DATASET, told)
