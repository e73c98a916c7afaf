"""The shipped study is what its command counts."""

import pytest

from gateway.cache.policy import study
from tests.bench.question_pairs import pairs
from tests.bench.semantic import count, judged


@pytest.mark.slow
def test_the_study_is_what_the_command_counts() -> None:
    """Where guards or pairs have changed, run `python -m tests.bench.semantic --write`."""
    assert count(map(judged, pairs())) == (study.SERVED, study.WRONG)
    assert study.WRONG == 0
