"""What `/metrics` tells of several processes: added up, kept when a process ends, and never counted twice."""

import os
import re
import time
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.metrics.counts import Metrics
from gateway.metrics.families import DURATIONS, FAMILIES, SECONDS, Reading, merged, text
from gateway.metrics.folder import MetricsFolder
from tests.services import ROOT

CALLS = "gatehouse_calls"
OK = ("fast", "succeeded", "")


def reading(calls: float, **gauges: float) -> Reading:
    return {CALLS: {OK: calls}, **{f"gatehouse_{name}": {(): number} for name, number in gauges.items()}}


def opened(folder: Path, number: int = 0) -> MetricsFolder:
    made = MetricsFolder(folder / "metrics" / "one", UUID(int=number) if number else uuid4())
    made.open()
    return made


def died(process: MetricsFolder) -> None:
    """It was killed: the system lets go of its lock, and nothing else is done."""
    assert process._alive is not None
    os.close(process._alive)


def calls(found: Reading) -> float:
    return found[CALLS][OK]


@pytest.mark.parametrize(
    ("name", "numbers", "expected"),
    [
        ("calls_running", [3, 4], 7),
        ("ready", [1, 0, 1], 0),
        ("ledger_connected", [1, 0], 0),
        ("snapshot_age_seconds", [0.1, 7], 7),
        ("last_settlement_seconds", [90, 2], 2),
        ("clock_skew_seconds", [2, -9], -9),
        ("descriptors_open", [40, 900], 900),
        ("descriptors_limit", [1024, 512], 512),
        ("processes_here", [1, 1], 2),
    ],
)
def test_gauges_of_several_processes(name: str, numbers: list[float], expected: float) -> None:
    found = merged({}, [reading(0, **{name: number}) for number in numbers])
    assert found[f"gatehouse_{name}"] == {(): expected}


def test_every_family_is_in_the_text_and_durations_add_up() -> None:
    one = {DURATIONS: {("0",): 2.0, ("12",): 1.0}, SECONDS: {(): 400.0}}
    shown = text(merged(one, [one, reading(5)])).decode()
    found = {family.name: family for family in text_string_to_metric_families(shown)}
    assert {family.name for family in FAMILIES} <= found.keys()
    samples = {(s.name, s.labels.get("le")): s.value for s in found[DURATIONS].samples}
    assert samples[f"{DURATIONS}_bucket", "0.05"] == 4
    assert samples[f"{DURATIONS}_bucket", "+Inf"] == samples[f"{DURATIONS}_count", None] == 6
    assert samples[f"{DURATIONS}_sum", None] == 800


def test_counters_never_fall(tmp_path: Path) -> None:
    first, second, third = (opened(tmp_path) for _ in range(3))
    first.write(reading(5, calls_running=2))
    second.write(reading(7, calls_running=1))
    both = third.gathered(reading(1, calls_running=4))
    assert (calls(both), both["gatehouse_calls_running"]) == (13, {(): 7})
    died(first)
    second.close(reading(8))
    for _ in range(3):
        left = third.gathered(reading(1, calls_running=4))
        assert (calls(left), left["gatehouse_calls_running"]) == (14, {(): 4})
    fourth = opened(tmp_path)
    fourth.write(reading(100))
    died(third)
    assert calls(fourth.gathered(reading(100))) == 113  # what the third had not left is lost, nothing else
    assert [path.name for path in (tmp_path / "metrics" / "one").glob("*.alive")] == [f"{fourth._id}.alive"]


def test_a_process_that_was_added_is_not_added_again(tmp_path: Path) -> None:
    gone, other = opened(tmp_path, 7), opened(tmp_path)
    gone.write(reading(5))
    died(gone)
    assert calls(other.gathered(reading(0))) == 5
    again = opened(tmp_path, 7)  # as though its files could not be taken away
    again.write(reading(5))
    died(again)
    assert calls(other.gathered(reading(0))) == 5


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"gatehouse_calls": 3}', b'{"gatehouse_calls": [[1, 2]]}']
)
def test_files_that_are_broken_count_nothing(tmp_path: Path, content: bytes) -> None:
    other, gone = opened(tmp_path), opened(tmp_path, 3)
    folder = tmp_path / "metrics" / "one"
    (folder / f"{UUID(int=3)}.json").write_bytes(content)
    (folder / "ended.json").write_bytes(content)
    assert calls(other.gathered(reading(4))) == 4
    died(gone)
    assert calls(other.gathered(reading(4))) == 4


def test_a_folder_that_others_can_write_to_is_not_used(tmp_path: Path) -> None:
    opened(tmp_path)
    (tmp_path / "metrics").chmod(0o777)
    with pytest.raises(PermissionError, match="by others"):
        opened(tmp_path)


def test_folders_of_instances_that_are_gone_are_taken_away(tmp_path: Path) -> None:
    old = tmp_path / "metrics" / "old"
    old.mkdir(mode=0o700, parents=True)
    (tmp_path / "metrics").chmod(0o700)
    os.utime(old, (0, time.time() - 10 * 24 * 3600))
    opened(tmp_path)
    assert not old.exists()


def test_reasons_are_few() -> None:
    metrics = Metrics()
    for number in range(100):
        metrics.note_raw_not_kept(f"reason {number}")
    assert len(metrics.raw_not_kept) == 21
    assert metrics.raw_not_kept["other"] == 80


def test_every_metric_is_documented_and_alerts_are_on_metrics_that_there_are() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text()
    shown = {f"{family.name}_total" if family.is_counter else family.name for family in FAMILIES} | {
        DURATIONS
    }
    table, alerts = page.split("## Alerts")
    assert set(re.findall(r"^\| `(\w+)`", table, re.M)) == shown
    assert set(re.findall(r"gatehouse_\w+", alerts)) <= shown
