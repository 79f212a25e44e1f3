"""Each provider asked its smallest real question over real HTTP, and each way it is no provider."""

import io
import json
import zipfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from geo_pipeline.commands.doctor import Finding, providers
from geo_pipeline.settings import Settings
from geo_pipeline.territory import CODES
from tests.sources.conftest import Answer

KEY = "a-key-of-the-api"
NAMES = (
    *("open-meteo", "nasa-power", "meteo-france", "meteo-france-api", "sim2"),
    *("agreste", "franceagrimer", "vigieau", "hubeau", "etalab"),
)
STATION = {"id": "75114001", "nom": "PARIS-MONTSOURIS", "lat": 48.8, "lon": 2.3, "alt": 75}
FILES = "https://meteofrance.s3.sbg.io.cloud.ovh.net/data/synchro_ftp"


def settings(provider: Any, tmp_path: Path, **chosen: Any) -> Settings:
    """Return settings with which every provider is the server on loopback."""
    url = provider.url
    return Settings(
        home=tmp_path / "home",
        meteo_france_api_key=SecretStr(KEY),
        open_meteo_url=f"{url}/archive",
        nasa_power_url=f"{url}/power",
        data_gouv_url=url,
        meteo_france_api_url=f"{url}/DPClim",
        agreste_url=f"{url}/saa.zip",
        franceagrimer_url=f"{url}/grain.csv",
        vigieau_url=f"{url}/vigieau",
        hubeau_url=f"{url}/hubeau",
        etalab_url=f"{url}/contours",
        mirrors={"https://api.vigieau.beta.gouv.fr": f"{url}/vigieau"},
        **chosen,
    )


def asked(of: Settings) -> dict[str, Finding]:
    """Return what doctor finds of each provider, by its name."""
    return {each.check.removeprefix("provider "): each for each in providers(of)}


def power(asked: Any) -> Any:
    """Answer as NASA POWER does, with 10 of everything."""
    units = {
        "T2M": "C", "T2M_MAX": "C", "T2M_MIN": "C", "PRECTOTCORR": "mm/day",
        "ALLSKY_SFC_SW_DWN": "MJ/m^2/day", "WS10M": "m/s", "RH2M": "%",
    }  # fmt: skip
    first, last = (date.fromisoformat(asked.one(name)) for name in ("start", "end"))
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    values = {f"{day:%Y%m%d}": 10.0 for day in days}
    said = {
        "properties": {"parameter": dict.fromkeys(units, values)},
        "parameters": {name: {"units": unit} for name, unit in units.items()},
        "header": {"fill_value": -999.0},
    }
    return Answer(json=said)


def sound(provider: Any) -> None:
    """Let each answer as it does."""
    units = {
        "temperature_2m_mean": "°C", "temperature_2m_max": "°C", "temperature_2m_min": "°C",
        "precipitation_sum": "mm", "et0_fao_evapotranspiration": "mm",
        "shortwave_radiation_sum": "MJ/m²", "wind_speed_10m_mean": "m/s",
        "relative_humidity_2m_mean": "%",
    }  # fmt: skip

    def archive(asked: Any) -> Any:
        first, last = (date.fromisoformat(asked.one(name)) for name in ("start_date", "end_date"))
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        said = {
            "latitude": float(asked.one("latitude")),
            "longitude": float(asked.one("longitude")),
            "daily_units": units,
            "daily": {
                "time": [f"{day}" for day in days],
                **{name: [10.0] * len(days) for name in asked.one("daily").split(",")},
            },
        }
        return provider.answer(json=said)

    provider.on("/archive", archive)
    provider.on("/power", power)
    base = "/api/1/datasets"
    daily = f"{FILES}/BASE/QUOT/Q_75_latest-2025-2026_RR-T-Vent.csv.gz"
    grid = f"{FILES}/REF_CC/SIM/QUOT_SIM2_2025.csv.gz"
    provider.on(f"{base}/*", json={"resources": [{"url": daily}, {"url": grid}]})

    def stations(asked: Any) -> Any:
        if asked.headers["apikey"] != KEY:
            return provider.answer(json={"message": "Invalid Credentials"}, status=401)
        return provider.answer(json=[STATION])

    provider.on("/DPClim/liste-stations/quotidienne", stations)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive_of_agreste:
        archive_of_agreste.writestr("SAA.xlsx", b"0" * 200_000)
    provider.on("/saa.zip", packed.getvalue())
    provider.on("/grain.csv", "ESPECE;DEP;ANNEE\nBLE;31;2020\n")
    waters = ("", "Sup", "Sou", "Aep")
    nothing = dict.fromkeys(f"niveauGravite{water}Max" for water in waters)
    levels = [{"code": code, **nothing} for code in CODES]
    provider.on("/vigieau/api/departements", json=levels)
    provider.on("/hubeau/v1/niveaux_nappes/stations", json={"count": 0, "next": None, "data": []})
    square = [[[2.2, 48.8], [2.4, 48.8], [2.4, 48.9], [2.2, 48.8]]]
    feature = {
        "type": "Feature",
        "properties": {"code": "75", "nom": "Paris"},
        "geometry": {"type": "Polygon", "coordinates": square},
    }
    contours = {"type": "FeatureCollection", "features": [feature]}
    provider.on("/contours/departements-1000m.geojson", json.dumps(contours))


def test_all_that_answer_as_they_should_are_ok(provider: Any, tmp_path: Path) -> None:
    sound(provider)
    found = asked(settings(provider, tmp_path))
    assert {name: each.found for name, each in found.items() if not each.ok} == {}
    assert tuple(found) == NAMES
    assert all(each.found.startswith("answers in 0.") for each in found.values())
    assert not (tmp_path / "home").exists()  # nothing is kept of it


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ({"status": 404}, "moved: "),
        ({"status": 410}, "moved: "),
        ({"status": 429}, "limited: too many requests (429)"),
        ({"status": 400, "json": {"reason": "no such model"}}, "refused (400): no such model"),
        ({"status": 503, "body": "<html>"}, "in trouble (answered 503)"),
        ({"status": 403}, "(403)"),
        ({"body": "<html><title>Maintenance</title></html>"}, "(a page titled 'Maintenance')"),
        ({"body": "it works!"}, "not its answer: "),
        ({"body": ""}, "sent nothing"),
        ({"json": {}}, "not its answer: "),
        ({"drop": True}, "not reached: "),
    ],
    ids=str,
)
def test_what_is_no_answer_is_told_apart(
    provider: Any, tmp_path: Path, said: dict[str, Any], found: str
) -> None:
    """The same of every provider; only the one that is chosen must be there."""
    provider.on("/*", **said)
    every = asked(settings(provider, tmp_path, source="open-meteo"))
    assert {name for name, each in every.items() if each.ok} == set()
    assert {name: each.found for name, each in every.items() if found not in each.found} == {}
    assert all(each.advice for each in every.values())
    needed = {name for name, each in every.items() if each.needed}
    assert needed == {"open-meteo"}


def test_a_key_that_is_wrong_is_no_address_that_refuses(provider: Any, tmp_path: Path) -> None:
    sound(provider)
    wrong = settings(provider, tmp_path).model_copy(
        update={"meteo_france_api_key": SecretStr("expired-key")}
    )
    api = asked(wrong)["meteo-france-api"]
    assert (api.ok, api.found) == (False, "key wrong (401): Invalid Credentials")
    assert "GEO_PIPELINE_METEO_FRANCE_API_KEY" in api.advice
    provider.reset("/archive").on("/archive", status=403)
    archive = asked(wrong)["open-meteo"]
    assert archive.found == "refused (403)"
    assert "KEY" not in archive.advice
    assert "GEO_PIPELINE_OPEN_METEO_URL" in archive.advice
