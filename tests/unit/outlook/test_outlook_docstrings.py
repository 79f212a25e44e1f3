"""The examples in the docstrings of `outlook` give what they say."""

import doctest
import importlib
import pkgutil

import numpy as np
import pytest

from geo_pipeline import outlook

MODULES = sorted(module.name for module in pkgutil.iter_modules(outlook.__path__))


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module = importlib.import_module(f"geo_pipeline.outlook.{name}")
    assert doctest.testmod(module, extraglobs={"np": np}).failed == 0
