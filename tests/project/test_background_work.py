"""Whatever runs beside requests is in the table of docs/architecture.md, with what keeps it going."""

import ast
import re

import pytest

from tests.services import ROOT

STARTS = {
    "create_task", "ensure_future", "TaskGroup", "Thread", "Timer", "start_new_thread", "ThreadPoolExecutor", "ProcessPoolExecutor",
    "call_later", "call_at", "run_coroutine_threadsafe", "beat_schedule",
}  # fmt: skip
FOLDERS = ("gateway", "governance", "prompts", "platform")
_SECTION = re.compile(r"^## Work beside requests\n(.*?)^## ", re.MULTILINE | re.DOTALL)


def starts(source: str) -> set[str]:
    """What of `STARTS` a module calls, makes or sets, by whatever name it was imported."""
    found, names = set(), {}
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name: alias.name for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func
            name = (
                called.attr if isinstance(called, ast.Attribute) else names.get(getattr(called, "id", ""), "")
            )
            found |= {name} & STARTS
        elif isinstance(node, ast.Assign):
            found |= {each.attr for each in node.targets if isinstance(each, ast.Attribute)} & STARTS
    return found


def test_each_place_that_starts_something_is_in_the_table():
    (section,) = _SECTION.findall((ROOT / "docs/architecture.md").read_text())
    told = {
        path
        for row in section.splitlines()
        if row.startswith("|")
        for path in re.findall(r"`([\w/]+\.py)`", row)
    }
    does = {
        str(path.relative_to(ROOT))
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
        if "migrations" not in path.parts and starts(path.read_text())
    }
    assert does - told == set(), (
        "they start something: put it under upkeep, or say in the table what keeps it going"
    )
    assert told - does == set(), "they start nothing any more: take them out of the table"


@pytest.mark.parametrize(
    "source",
    [
        "import asyncio\nasyncio.create_task(work())",
        "from asyncio import create_task as begin\nbegin(work())",
        "from threading import Thread\nThread(target=work).start()",
        "import threading\nthreading.Timer(1, work).start()",
        "loop.call_later(1, work)",
        "async def a():\n    async with asyncio.TaskGroup() as group: pass",
    ],
)
def test_it_is_seen_however_it_is_written(source: str) -> None:
    assert starts(source)
