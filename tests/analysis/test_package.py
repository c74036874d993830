import ast
import doctest
import importlib
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import analysis

WORDS = {"METHOD_VERSION", "DEFAULT_METHOD"}  # names of texts: no object with a name of its own
MODULES = sorted(module.name for module in pkgutil.walk_packages(analysis.__path__, "analysis."))


def modules_after(code):
    run = [sys.executable, "-c", f"{code}; import json, sys; print(json.dumps(sorted(sys.modules)))"]
    root = Path(__file__).parents[2]
    return set(json.loads(subprocess.run(run, capture_output=True, check=True, text=True, cwd=root).stdout))


def test_importing_analysis_loads_neither_numpy_nor_scipy():
    loaded = modules_after("import analysis")
    assert "analysis" in loaded
    assert loaded.isdisjoint({"numpy", "scipy", "pandas", "polars", "analysis.estimation"})


def test_using_every_public_name_loads_no_heavy_part_of_scipy():
    loaded = modules_after("import analysis; [getattr(analysis, name) for name in analysis.__all__]")
    assert "scipy.special" in loaded
    assert loaded.isdisjoint({"scipy.stats", "scipy.sparse", "pandas"})


@pytest.mark.parametrize("name", analysis.__all__)
def test_each_public_name_resolves_to_itself(name):
    value = getattr(analysis, name)
    assert name in WORDS or value.__name__ == name
    assert name in dir(analysis)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_thing"):
        _ = analysis.no_such_thing


def test_the_method_version_is_a_word_for_pages():
    assert analysis.METHOD_VERSION == "3"


@pytest.mark.parametrize("name", sorted(set(analysis.__all__) - WORDS))
def test_each_public_name_has_an_example(name):
    assert ">>>" in getattr(analysis, name).__doc__


@pytest.mark.parametrize("module", ["analysis", *MODULES])
def test_examples_in_docstrings_are_true(module):
    assert doctest.testmod(importlib.import_module(module)).failed == 0


def test_type_checkers_see_the_public_names_where_they_are():
    stub = ast.parse(Path(analysis.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    homes = {
        alias.asname: node.module
        for node in stub.body
        if isinstance(node, ast.ImportFrom) and node.module != "typing"
        for alias in node.names
    }
    assert set(homes) | {"METHOD_VERSION"} == set(analysis.__all__)
    for name, home in homes.items():
        assert getattr(analysis, name) is getattr(importlib.import_module(home), name)
