"""The drill's rows: each kind of fault meets each phase, and none another of the same service."""

import pytest

from tests.drill.phases.covering import covering

FAULTS = {
    "a": frozenset({"postgres"}),
    "b": frozenset({"postgres", "valkey"}),
    "c": frozenset({"valkey"}),
    "d": frozenset({"bedrock"}),
}
PHASES = ("starts", "ends", "migrates")


@pytest.mark.parametrize("seed", range(3))
def test_all_pairs_are_in_few_rows(seed):
    rows = covering(FAULTS, PHASES, seed=seed)
    assert {pair for row in rows for pair in row.pairs} == {
        (fault, phase) for fault in FAULTS for phase in PHASES
    }
    assert len(rows) < len(FAULTS) * len(PHASES)
    for row in rows:
        assert len(row.faults) == 1 or not FAULTS[row.faults[0]] & FAULTS[row.faults[1]]
    assert any(len(row.faults) == 2 for row in rows)
