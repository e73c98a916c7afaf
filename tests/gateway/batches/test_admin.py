"""The page of batches: how far each is, by its jobs while it is under way; cancelled by who runs the team, and on the trail."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from gateway.batches.models import Batch
from gateway.jobs.models import Job
from tests.gateway.batches.factories import make_batch
from tests.gateway.jobs.factories import make_job

pytestmark = [pytest.mark.django_db]
LIST = "admin:gateway_batch_changelist"


@pytest.fixture
def batch(world) -> Batch:
    made = make_batch(
        world.mine.team, key=world.mine.api_key, state="in_progress", total=4, broken=1, held_nanos=7 * 10**9
    )
    for line, (state, cost) in enumerate((("succeeded", 2 * 10**9), ("failed", 0), ("queued", 0)), 1):
        make_job(world.mine.team, key=world.mine.api_key, batch=made, line=line, state=state, cost_nanos=cost)
    return made


@pytest.mark.parametrize("role", ["superuser", "owner", "viewer"])
def test_how_far_it_is_and_what_it_cost(world, batch, role):
    ended = make_batch(
        world.mine.team, key=world.mine.api_key, state="completed", total=9, completed=8, failed=1, cost_nanos=10**9, ended_at=batch.created_at
    )  # fmt: skip
    make_batch(world.other.team, key=world.other.api_key, model="of-another-team")
    page = world.client(role).get(reverse(LIST)).content.decode()
    assert str(batch) in page
    assert "1 of 4, 2 failed" in page
    assert "$2.00" in page
    assert "$7.00" in page
    assert str(ended) in page
    assert "8 of 9, 1 failed" in page
    assert ("of-another-team" in page) is (role == "superuser")
    assert world.client(role).get(reverse("admin:gateway_batch_change", args=[batch.pk])).status_code == 200


def test_cancelled_once_and_on_the_trail(world, batch):
    url, client = reverse("admin:gateway_batch_cancel", args=[batch.pk]), world.client("owner")
    assert client.get(url).status_code == 200
    assert Batch.objects.get(pk=batch.pk).state == "in_progress"  # asked first
    assert client.post(url).status_code == 302
    found = Batch.objects.get(pk=batch.pk)
    assert (found.state, found.ending) == ("cancelling", "cancelled")
    assert set(Job.objects.filter(batch=batch).values_list("state", flat=True)) == {
        "succeeded",
        "failed",
        "cancelled",
    }
    assert client.post(url).status_code == 302
    assert LogEntry.objects.filter(object_id=str(batch.pk)).count() == 1


@pytest.mark.parametrize("role", ["developer", "viewer"])
def test_who_does_not_run_the_team_cancels_nothing(world, batch, role):
    url = reverse("admin:gateway_batch_cancel", args=[batch.pk])
    assert world.client(role).post(url).status_code == 403
    assert Batch.objects.get(pk=batch.pk).state == "in_progress"


def test_another_team_s_stay_closed(world):
    other = make_batch(world.other.team, key=world.other.api_key)
    for name in ("change", "cancel"):
        answer = world.client("owner").get(reverse(f"admin:gateway_batch_{name}", args=[other.pk]))
        assert answer.status_code in (302, 403, 404)
