"""The clients that `make clients` chose, with the shared stack's gateway. Nothing here is collected without it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import World, shared_world, world

__all__ = ["World", "shared_world", "world"]

CHOSEN: dict[str, Any] = json.loads(os.environ.get("GATEHOUSE_CLIENTS") or "{}")
collect_ignore_glob = [] if CHOSEN else ["test_*.py"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keeps the tests of the clients that were chosen; what stands elsewhere, which this hook is given, too, is let be."""
    names = CHOSEN.get("names", [])
    here = Path(__file__).parent

    def is_chosen(item: pytest.Item) -> bool:
        is_here = item.path.parent == here and hasattr(item, "callspec")
        return not is_here or item.callspec.params.get("name") in names

    config.hook.pytest_deselected(items=[item for item in items if not is_chosen(item)])
    items[:] = [item for item in items if is_chosen(item)]
