"""The records of providers: what each must have, and what is derived from them."""

import pytest

from geo_pipeline.errors import UsageError
from geo_pipeline.providers import EMBEDDED, KINDS, LIVE, PROVIDERS, names, provider
from geo_pipeline.runtime.providers import attributions, check_settings
from geo_pipeline.settings import Settings
from geo_pipeline.tables import TABLES
from tests.conftest import ROOT


def test_each_provider_has_its_module_its_page_and_its_address() -> None:
    for each in LIVE:
        assert each.name == each.module.NAME
        assert callable(each.module.build), each.name
        assert callable(each.module.ask), each.name
        assert (ROOT / "docs" / "sources" / f"{each.name.replace('-', '_')}.md").exists()
        for setting in filter(None, (each.address, each.key)):
            assert setting in Settings.model_fields, (each.name, setting)


def test_whatever_a_table_asks_for_somebody_gives() -> None:
    asked = {each.asks for each in TABLES.values() if each.asks is not None}
    assert asked == {each.gives for each in PROVIDERS} == set(KINDS.values())


def test_no_two_of_a_kind_have_a_name() -> None:
    for kind in set(KINDS.values()):
        assert len(set(names(kind))) == len(names(kind))
    assert names("weather")[0] == names("crops")[0] == EMBEDDED
    with pytest.raises(KeyError, match="no provider agreste of weather"):
        provider("weather", "agreste")


@pytest.mark.parametrize("setting", KINDS)
def test_a_setting_says_which_providers_it_may_name(setting: str) -> None:
    told = str(Settings.model_fields[setting].description)
    if setting != "history":  # which is told to take those of `source`
        for name in names(KINDS[setting]):
            assert name in told, (setting, name)
    known = ", ".join(names(KINDS[setting]))
    with pytest.raises(UsageError, match=f"unknown {setting} 'nobody': choose one of {known}"):
        check_settings(Settings(**{setting: "nobody"}))


def test_every_provider_is_named_with_its_licence() -> None:
    named = attributions().set_index(["asset", "source"])
    assert named.index.is_unique
    open_meteo = named.loc[("weather_daily", "open-meteo")]
    assert "CC BY 4.0" in open_meteo["licence_fr"]
    assert "Copernicus" in open_meteo["text_en"]
    # What ships with the project was made from what Agreste and VigiEau publish.
    assert "Agreste" in named.loc[("crop_statistics", "bundled"), "text_fr"]
    assert "VigiEau" in named.loc[("water_restrictions", "bundled"), "text_fr"]
    assert ("departements", "provided") in named.index
