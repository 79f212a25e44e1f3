"""The crop and soil tables: what they hold, what is said when they are damaged, local figures."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from geo_pipeline.errors import SourceError
from geo_pipeline.sources.agronomy import crop_parameters, soil_storage
from geo_pipeline.territory import CODES

ROOT = Path(__file__).resolve().parents[2]
EMBEDDED = ROOT / "assets_data"
REFERENCE = ROOT.parent / "shared" / "reference" / "fao56_examples.json"

TABLE_22 = {
    "soft_wheat": "winter_wheat",
    "winter_barley": "barley",
    "grain_maize_irrigated": "maize_grain",
    "grain_maize_rainfed": "maize_grain",
    "sunflower": "sunflower",
    "winter_rapeseed": "rapeseed",
    "soybean": "soybean",
    "sugar_beet": "sugar_beet",
    "potato": "potato",
    "grassland": "grazing_pasture_rotated",
    "vineyard": "grapes_wine",
}
TABLE_24 = {
    "soft_wheat": "winter_wheat",
    "grain_maize_irrigated": "maize",
    "grain_maize_rainfed": "maize",
    "sunflower": "sunflower",
    "soybean": "soybean",
    "sugar_beet": "sugarbeet",
    "potato": "potato",
    "vineyard": "grape",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the two tables that a test may spoil."""
    for name in ("crop_parameters.csv", "soil_storage.csv"):
        shutil.copy(EMBEDDED / name, tmp_path / name)
    return tmp_path


@pytest.mark.skipif(not REFERENCE.is_file(), reason="published reference numbers absent")
def test_fao_tables_22_and_24_are_those_of_the_paper() -> None:
    crops = crop_parameters(EMBEDDED)
    published = json.loads(REFERENCE.read_text(encoding="utf-8"))
    for crop, name in TABLE_22.items():
        depths, p = published["table22_zr_p"][name]
        assert crops.loc[crop, "p"] == p
        low, high = (float(depth) for depth in depths.split("-"))
        assert (crops.loc[crop, "root_low_m"], crops.loc[crop, "root_high_m"]) == (low, high)
    for crop, name in TABLE_24.items():
        assert crops.loc[crop, "ky_season"] == published["ky_table24"][name]


def test_the_twelve_crops_are_there_with_plausible_seasons() -> None:
    crops = crop_parameters(EMBEDDED)
    assert set(crops.index) == set(TABLE_22) | {"durum_wheat"}
    lengths = crops[["days_initial", "days_development", "days_mid", "days_late"]].sum(axis=1)
    assert lengths.between(120, 330).all()
    assert crops.index[crops["irrigated"]].tolist() == ["grain_maize_irrigated"]
    assert (crops["root_low_m"] <= crops["root_high_m"]).all()
    marks = crops[["flowering_from_day", "yield_formation_from_day", "ripening_from_day"]].dropna()
    assert (np.diff(marks.to_numpy(), axis=1) > 0).all()
    assert (marks["ripening_from_day"] < lengths[marks.index]).all()


def test_crops_without_a_published_yield_response_have_none() -> None:
    crops = crop_parameters(EMBEDDED)
    missing = crops.index[crops["ky_season"].isna()]
    assert set(missing) == {"winter_barley", "winter_rapeseed", "grassland"}


def test_soils_say_where_their_figures_come_from() -> None:
    soil = soil_storage(EMBEDDED)
    assert set(soil.index) == set(CODES)
    status = soil["status"]
    assert list(soil.index[status == "neighbours"]) == ["75", "92"]
    assert list(soil.index[status == "default"]) == ["971", "972", "973", "974", "976"]
    assert (status == "fitted").sum() == 94
    overseas = soil[status == "default"]
    assert set(overseas["available_water_mm_per_m"] * overseas["soil_depth_m"]) == {150.0}
    assert set(overseas["drainage_per_day"]) == {0.0}


def test_local_rows_replace_the_embedded_ones(folder: Path) -> None:
    local = folder / "mine.csv"
    local.write_text(
        "departement,available_water_mm_per_m,soil_depth_m,drainage_per_day,status,source\n"
        "31,180,1.2,0,local,ours\n",
        encoding="utf-8",
    )
    soil = soil_storage(folder, local)
    assert soil.loc["31", "available_water_mm_per_m"] == 180.0
    assert soil.loc["31", "status"] == "local"
    assert soil.loc["32", "status"] == "fitted"
    assert len(soil) == 101


def _replace(name: str, old: str, new: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        path = folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return damage


DAMAGE: dict[str, Callable[[Path], None]] = {
    "is missing": lambda folder: (folder / "crop_parameters.csv").unlink(),
    "no column kc_mid": _replace("crop_parameters.csv", "kc_mid", "kc"),
    "kc_ini of potato is 'x'": _replace("crop_parameters.csv", ",0.5,1.15,0.75,", ",x,1.15,0.75,"),
    "start_month of potato is '14'": _replace(
        "crop_parameters.csv", "potato,Potato,0,0,4", "potato,Potato,0,0,14"
    ),
    "not a whole number": _replace(
        "crop_parameters.csv", "potato,Potato,0,0,4,15", "potato,Potato,0,0,4,15.5"
    ),
    "irrigated is 0 or 1": _replace("crop_parameters.csv", "potato,Potato,0", "potato,Potato,yes"),
    "a crop that is empty or there twice": _replace("crop_parameters.csv", "\npotato", "\nsoybean"),
    "name of potato is empty": _replace("crop_parameters.csv", "potato,Potato", "potato,"),
    "cannot be used": lambda folder: (folder / "crop_parameters.csv").write_bytes(b"\xff\xfe\x00"),
}


@pytest.mark.parametrize("message", DAMAGE)
def test_a_damaged_crop_table_says_what_and_where_in_one_line(folder: Path, message: str) -> None:
    DAMAGE[message](folder)
    with pytest.raises(SourceError) as caught:
        crop_parameters(folder)
    assert message in str(caught.value)
    assert "crop_parameters.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("\n31,", "\n99,", "unknown département 99"),
        ("\n31,250", "\n31,-5", "available_water_mm_per_m of 31 is '-5'"),
        ("\n31,250", "\n31,", "available_water_mm_per_m of 31 is ''"),
        ("\n31,", "\n32,", "a departement that is empty or there twice"),
    ],
)
def test_a_damaged_soil_table_says_what_and_where(
    folder: Path, old: str, new: str, message: str
) -> None:
    # `,` stays: only the values change, but for the empty one.
    if new == "\n31,":
        old, new = "\n31,250,", "\n31,,"
    _replace("soil_storage.csv", old, new)(folder)
    with pytest.raises(SourceError, match=message):
        soil_storage(folder)


def test_a_missing_departement_is_named(folder: Path) -> None:
    path = folder / "soil_storage.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith("2A,")), encoding="utf-8")
    with pytest.raises(SourceError, match="no row for 2A"):
        soil_storage(folder)
