"""The examples in the docstrings give what they say."""

import doctest
import importlib
import pkgutil

import pytest

from geo_pipeline import indicators

MODULES = sorted(module.name for module in pkgutil.iter_modules(indicators.__path__))


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module = importlib.import_module(f"geo_pipeline.indicators.{name}")
    assert doctest.testmod(module).failed == 0


def test_everything_named_is_there_and_says_what_it_is() -> None:
    for name in indicators.__all__:
        thing = getattr(indicators, name)
        assert not callable(thing) or thing.__doc__, name
