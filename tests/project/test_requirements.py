"""What is installed is the same product on every Python, and each dependency has its reason."""

import re
import tomllib
from collections import Counter
from typing import Any

import pytest

from tests.services import ROOT

PINNED = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==(\S+)", re.MULTILINE)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-production.txt", "requirements-dev.txt"])
def test_one_version_of_every_package(name: str) -> None:
    pinned = PINNED.findall((ROOT / name).read_text())
    assert len(pinned) > 50
    counted = Counter(package.lower() for package, _ in pinned)
    assert [package for package, number in counted.items() if number > 1] == []


def test_the_tools_use_the_packages_of_the_product() -> None:
    product, tools = (
        dict(PINNED.findall((ROOT / name).read_text()))
        for name in ("requirements.txt", "requirements-dev.txt")
    )
    assert {package: tools.get(package) for package in product} == product


def test_production_is_the_product_without_the_embedded_services() -> None:
    product, production = (
        dict(PINNED.findall((ROOT / name).read_text()))
        for name in ("requirements.txt", "requirements-production.txt")
    )
    assert {package: product.get(package) for package in production} == production
    embedded = _project()["optional-dependencies"]["embedded"]
    assert set(embedded) & set(production) == set()
    assert set(embedded) <= set(product)
    assert "wordllama" in production  # texts are compared by it


def test_every_dependency_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    for dependency in (*_project()["dependencies"], *_project()["optional-dependencies"]["embedded"]):
        assert re.search(rf'^  "{re.escape(dependency)}", +# \S', text, re.MULTILINE), dependency


def _project() -> Any:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
