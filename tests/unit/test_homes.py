"""Where a home lies: a folder, or a prefix of an object store with a folder for the rest."""

import pickle
from pathlib import Path

import pytest

from geo_pipeline.errors import UsageError
from geo_pipeline.objects import ObjectPath, below
from geo_pipeline.settings import Settings, read_settings


def test_a_folder_holds_everything(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    assert settings.shared == tmp_path
    assert settings.lake == tmp_path / "lake"
    assert settings.warehouse == tmp_path / "published" / "drought.duckdb"
    assert settings.shared_raw is None


def test_a_store_holds_what_machines_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEO_PIPELINE_HOME", "s3://drought/france/")
    settings = Settings()
    assert str(settings.lake) == "s3://drought/france/lake"
    assert str(settings.warehouse) == "s3://drought/france/published/drought.duckdb"
    assert str(settings.shared_raw) == "s3://drought/france/raw"
    for local in (settings.raw, settings.dagster_home, settings.logs, settings.exports):
        assert isinstance(local, Path)
        assert local.parent == settings.home
    assert settings.home.name.startswith("drought-france-")


def test_where_a_home_lies_can_be_handed_to_another_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GEO_PIPELINE_HOME", "s3://drought/france")
    told = Settings().where
    monkeypatch.setenv("GEO_PIPELINE_HOME", str(tmp_path))
    monkeypatch.setenv("GEO_PIPELINE_STORE", "s3://another/one")
    assert Settings.model_validate(told).where == told
    assert str(Settings().lake) == "s3://another/one/lake"
    assert Settings().home == tmp_path


@pytest.mark.parametrize(
    "address", ["s3://", "s3://UPPER", "s3://a/../b", "s3://bucket/a b", "s3://key:s3cret@bucket/a"]
)
def test_an_address_that_is_none_is_refused_without_its_keys(address: str) -> None:
    with pytest.raises(UsageError, match="write s3://bucket/prefix") as raised:
        read_settings(home=address)
    assert "s3cret" not in str(raised.value)
    with pytest.raises(UsageError) as raised:
        read_settings(store="s3://drought", store_endpoint="http://key:s3cret@host:8333")
    assert "s3cret" not in str(raised.value)


def test_no_text_of_a_store_shows_its_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-variable")
    one = Settings(store="s3://drought/a", store_secret_access_key="of-the-setting")
    other = Settings(store="s3://drought/a")
    for settings in (one, other):
        lake = settings.lake
        assert isinstance(lake, ObjectPath)
        for text in (repr(settings), repr(lake), str(lake), repr(lake.access), f"{settings}"):
            assert "of-the" not in text
    assert isinstance(other.lake, ObjectPath)
    assert other.lake.access.secret is not None
    assert other.lake.access.secret.get_secret_value() == "of-the-variable"


def test_an_object_has_the_names_of_a_path() -> None:
    lake = Settings(store="s3://drought/a").lake
    assert isinstance(lake, ObjectPath)
    part = lake / "weather_daily" / "departement=2A" / "part.parquet"
    assert part.name, part.stem == ("part.parquet", "part")
    assert part.suffix == ".parquet"
    assert part.parent.name == "departement=2A"
    assert part.with_suffix(".x").name == part.with_name("part.x").name == "part.x"
    assert below(part, lake) == "weather_daily/departement=2A/part.parquet"
    assert part.as_posix() == f"s3://drought/a/lake/{below(part, lake)}"
    assert sorted([part, lake])[0] == lake
    assert pickle.loads(pickle.dumps(part)) == part
    assert len({part, lake / below(part, lake)}) == 1
