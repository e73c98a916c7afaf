"""Which tests run, and where: those of every commit, or all (a pytest plugin, `-p tests.tiers`).

`--tier quick` leaves out what is marked `slow` (a client against a stack, a browser, a pooler, a second process, ten
seconds of its own) and tries fewer examples of each property. `--tier rest` is what that leaves out, the properties
again with all their examples among it; `--tier all` is both. Files that are named are run whole in each of them.

pytest-xdist gives the tests of a file to one process, and those that share the session's stack to one or two, too: a stack takes
longer to start than most of them.
"""

import re
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling

_ALL_SLOW = re.compile(r"^pytestmark = .*pytest\.mark\.slow\b", re.MULTILINE)
QUICK, REST, ALL = "quick", "rest", "all"
# How long an example takes depends on what else the machine does; what passes for one passes for all.
hypothesis.settings.register_profile(QUICK, deadline=None, derandomize=True, max_examples=25)
hypothesis.settings.register_profile(ALL, deadline=None, derandomize=True)
# Other examples each time, and many more: `make test-all ARGS='--hypothesis-profile search'`.
hypothesis.settings.register_profile("search", deadline=None, max_examples=2000)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--tier", choices=[QUICK, REST, ALL], default=ALL, help="which tests: see tests/tiers.py"
    )


class _Scheduling(LoadScopeScheduling):
    """A file to a process, in the order of their collection; half of what shares a stack to one."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.partition("::")[0]
        if path in OF_THEIR_OWN or not path.startswith("tests/e2e/"):
            return path
        is_second = path >= _SECOND_HALF and _chosen(self.config) != QUICK
        return "tests/e2e, second half" if is_second else "tests/e2e"


_SECOND_HALF = "tests/e2e/test_inference_profiles.py"
"""From here on those that share a stack have another: all on one, they would still run when the rest is done."""
OF_THEIR_OWN = {
    f"tests/e2e/test_{name}.py"
    for name in (
        "admin_browser",
        "batch_inference",
        "batches",
        "crash",
        "failover",
        "fire",
        "ground",
        "hung_postgres",
        "jobs",
        "playground",
        "poolers",
        "prompt_journey",
        "rate_limits",
        "run",
        "valkey_failover",
        "starts",
    )
}
"""Files that use no stack, or another one."""


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return _Scheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("--hypothesis-profile"):
        hypothesis.settings.load_profile(QUICK if config.getoption("--tier") == QUICK else ALL)


def _chosen(config: pytest.Config) -> str:
    """The tier that is run: what the first process was told, for it knows whether files were named."""
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker is not None:
        return str(worker["tier"])
    is_named = config.args_source is not pytest.Config.ArgsSource.TESTPATHS
    return ALL if is_named else str(config.getoption("--tier"))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A file whose tests are all slow is not even imported where none of them runs: what it imports takes seconds."""
    if collection_path.suffix != ".py" or _chosen(config) != QUICK:
        return None
    text = collection_path.read_text()
    return True if _ALL_SLOW.search(text) and "pytest.mark.quick" not in text else None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["tier"] = _chosen(node.config)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    tier = _chosen(config)
    if tier == ALL:
        return
    config.hook.pytest_deselected(items=[item for item in items if not is_in(item, tier)])
    items[:] = [item for item in items if is_in(item, tier)]


def is_in(item: pytest.Item, tier: str) -> bool:
    """Whether a test is in the tier of every commit, or in the rest."""
    is_slow = item.get_closest_marker("slow") is not None and item.get_closest_marker("quick") is None
    if tier == QUICK:
        return not is_slow
    return is_slow or item.get_closest_marker("hypothesis") is not None
