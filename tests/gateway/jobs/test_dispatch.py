"""Which jobs go to workers next: by turns, by weight, by priority, and none whose limit is known to be full."""

from collections import Counter
from datetime import timedelta

import pytest

from gateway.jobs.models import Job, JobPause
from gateway.jobs.services.dispatch import send_due
from gateway.jobs.services.queue import QueueAwayError
from kernel.clock import utc_now
from tests.accounts.factories import make_team
from tests.gateway.jobs.factories import make_job

pytestmark = [pytest.mark.django_db]


class Kept:
    """A queue that keeps what it is sent, or is away."""

    def __init__(self, *, is_away: bool = False) -> None:
        self.sent: list = []
        self.is_away = is_away

    def send(self, job_ids) -> None:
        if self.is_away:
            raise QueueAwayError("away")
        self.sent += job_ids


@pytest.fixture(autouse=True)
def places(settings):
    settings.JOBS_AT_ONCE, settings.TEAM_JOBS, settings.JOBS_QUEUE_URL = 6, 4, ""


def sent() -> Counter:
    queue = Kept()
    send_due(queue, now=utc_now())
    return Counter(Job.objects.get(pk=each).team.name for each in queue.sent)


def test_a_team_with_much_leaves_places_to_one_with_little():
    one, other = make_team("One"), make_team("Other")
    for _ in range(10):
        make_job(one)
    make_job(other)
    assert sent() == {"One": 4, "Other": 1}
    assert sent() == {}  # its places are taken
    make_job(other)
    assert sent() == {"Other": 1}  # the last place of all


def test_by_weight():
    heavy, light = make_team("Heavy", weight=3), make_team("Light")
    for _ in range(10):
        make_job(heavy), make_job(light)
    assert sent() == {"Heavy": 4, "Light": 2}


def test_by_priority_within_a_team(settings):
    settings.JOBS_AT_ONCE = 2
    team = make_team()
    low, usual, high = (make_job(team, priority=each) for each in (-1, 0, 1))
    queue = Kept()
    send_due(queue, now=utc_now())
    assert set(queue.sent) == {high.pk, usual.pk}
    assert low.pk not in queue.sent


def test_what_waits_for_a_full_limit_is_left_alone_and_others_are_not():
    team = make_team()
    waiting, free, now = make_job(team, waits_for="7:x"), make_job(team), utc_now()
    JobPause.objects.create(counter="7:x", until=now + timedelta(seconds=30))
    queue = Kept()
    send_due(queue, now=now)
    assert queue.sent == [free.pk]
    send_due(queue, now=now + timedelta(seconds=31))
    assert queue.sent == [free.pk, waiting.pk]


def test_a_message_that_got_lost_is_sent_again_and_no_other():
    job, now = make_job(make_team()), utc_now()
    queue = Kept()
    for later, times in ((0, 1), (30, 1), (61, 2)):
        send_due(queue, now=now + timedelta(seconds=later))
        assert queue.sent == [job.pk] * times


def test_with_the_queue_away_nothing_is_lost_and_nothing_waits_for_a_minute():
    job, now = make_job(make_team()), utc_now()
    assert send_due(Kept(is_away=True), now=now) == 0
    queue = Kept()
    assert send_due(queue, now=now + timedelta(seconds=1)) == 1
    assert queue.sent == [job.pk]


def test_not_before_its_time_nor_after_its_deadline():
    team, now = make_team(), utc_now()
    make_job(team, not_before=now + timedelta(seconds=5))
    make_job(team, deadline_at=now - timedelta(seconds=1))
    make_job(team, state="running", lease_until=now)
    for state in ("succeeded", "failed", "dead", "cancelled"):
        make_job(team, state=state)
    assert send_due(Kept(), now=now) == 0
