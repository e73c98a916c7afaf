"""File descriptors: the soft limit is raised, and calls fit into it."""

import subprocess
import sys

import pytest

from tests.services import ROOT, python_environment


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "expected"),
    [(256, 512, 2048, (512, 192)), (512, 5000, 2048, (5000, 2048)), (64, 64, 2048, (64, 1))],
)
def test_a_process_raises_its_limit_and_takes_the_calls_that_fit(
    soft: int, hard: int, wanted: int, expected: tuple[int, int]
) -> None:
    code = f"""
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
from kernel import descriptors
print(descriptors.raise_limit(), descriptors.calls_that_fit({wanted}), descriptors.in_use() > 2)
"""
    out = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=python_environment(), capture_output=True, text=True, check=True
    )  # fmt: skip
    assert out.stdout.split() == [*map(str, expected), "True"]
