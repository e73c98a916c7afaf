"""The banner of the admin: what processes say of themselves, once each, and queues that nobody works on; for superusers."""

from datetime import timedelta
from uuid import uuid4

import pytest

from governance.limits.models import GatewayInstance, WorkerPulse
from governance.limits.services.operator_warnings import operator_warnings
from governance.limits.services.pulses import note_pulse
from governance.usage.admin import banner
from kernel.background_queues import QUEUES
from kernel.clock import utc_now

pytestmark = pytest.mark.django_db
DISK = "The disk of /data is 97% full: make space, or all will stop."
CLOCK = "The clock of a is +9 s off Postgres': set it by NTP."


def process(*lines: str, silent: float = 1, age: float = 3600, host: str = "a", pid: int = 1) -> None:
    now = utc_now()
    GatewayInstance.objects.create(
        id=uuid4(), host=host, pid=pid, warnings="\n".join(lines),
        started_at=now - timedelta(seconds=age), heartbeat_at=now - timedelta(seconds=silent),
    )  # fmt: skip


def all_work() -> None:
    for queue in QUEUES:
        note_pulse(queue, now=utc_now())


def test_each_sentence_is_said_once_and_only_of_who_lives():
    all_work()
    process(DISK)
    process(DISK, CLOCK)
    process("An old one.", silent=100)
    assert operator_warnings(now=utc_now()) == [DISK, CLOCK]


def test_nothing_is_said_where_all_is_well():
    assert "beat" in operator_warnings(now=utc_now())[0]
    process()
    all_work()
    assert operator_warnings(now=utc_now()) == []


def test_processes_that_are_all_silent():
    all_work()
    process(DISK, silent=100)
    process(silent=200)
    (line,) = operator_warnings(now=utc_now())
    assert "No gateway process has been heard of for 100 s" in line


@pytest.mark.parametrize(
    ("silent", "more", "words"),
    [
        (8, {}, ""), (12, {}, "pid 7"), (35, {}, "its calls are charged"), (95, {}, ""),
        (12, {"pid": 0}, ""), (12, {"host": "replaced"}, ""),
    ],
)  # fmt: skip
def test_a_process_that_says_nothing_is_told_of_by_the_others_before_it_is_taken_for_dead(
    silent, more, words
):
    all_work()
    process()
    process(host="replaced", age=5)
    process("Old news.", silent=silent, **{"host": "b", "pid": 7} | more)
    lines = [line for line in operator_warnings(now=utc_now()) if "heard of" in line]
    assert len(lines) == bool(words)
    assert all(words.replace("pid 7", "process 7 on b") in line for line in lines)


@pytest.mark.parametrize(("age", "says"), [(20, False), (600, True)])
def test_queues_that_nobody_works_on_once_all_have_had_time_to_start(age: float, says: bool):
    process(age=age)
    all_work()
    WorkerPulse.objects.filter(queue=QUEUES[0]).delete()
    assert any(QUEUES[0] in line for line in operator_warnings(now=utc_now())) == says


@pytest.mark.parametrize(
    "page", ["/admin/", "/admin/governance/budget/", "/admin/accounts/team/add/", "/admin/password_change/"]
)
def test_the_banner_is_on_every_page_of_superusers_alone(world, page: str, monkeypatch):
    monkeypatch.setattr(banner, "KEPT_SECONDS", -1.0)
    all_work()
    process(DISK, "<b>not markup</b>")
    shown = world.client("superuser").get(page, follow=True).content.decode()
    assert "gh-banner" in shown
    assert DISK in shown
    assert "&lt;b&gt;not markup" in shown
    assert "gh-banner" not in world.client("owner").get(page, follow=True).content.decode()
