"""The page of jobs: figures by team, what was given up to send again or drop, on the trail, and never what was asked."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from gateway.jobs.models import Job
from gateway.jobs.services import actions
from kernel.clock import utc_now
from tests.gateway.batches.factories import make_batch
from tests.gateway.jobs.factories import make_job

pytestmark = [pytest.mark.django_db]
LIST = "admin:gateway_job_changelist"


@pytest.fixture
def dead(world) -> Job:
    return make_job(
        world.mine.team, key=world.mine.api_key, state="dead", code="lost", reason="It died.", request=b"the-words",
        webhook="https://hooks.example.com/secret-path", webhook_state="failed", webhook_error="answered 503",
    )  # fmt: skip


@pytest.mark.parametrize("role", ["superuser", "owner", "viewer"])
def test_figures_by_team_and_what_was_given_up(world, dead, role):
    make_job(world.mine.team, key=world.mine.api_key, waits=3)
    make_job(world.other.team, key=world.other.api_key, model="of-another-team")
    page = world.client(role).get(reverse(LIST)).content.decode()
    assert str(dead) in page
    assert "lost: It died." in page
    assert "secret-path" not in page
    assert "the-words" not in page
    assert (f"<td>{world.other.team.name}</td>" in page) is (role == "superuser")


def test_one_page_says_why_and_where_to(world, dead):
    page = world.client("owner").get(reverse("admin:gateway_job_change", args=[dead.pk])).content.decode()
    assert "hooks.example.com" in page
    assert "answered 503" in page
    assert "secret-path" not in page
    assert "the-words" not in page


@pytest.mark.parametrize(("name", "state"), [("send_again", "queued"), ("drop", "failed")])
def test_sent_again_or_dropped_and_on_the_trail(world, dead, name, state):
    url = reverse(f"admin:gateway_job_{name}", args=[dead.pk])
    client = world.client("owner")
    assert client.get(url).status_code == 200
    assert Job.objects.get(pk=dead.pk).state == "dead"  # asked first
    assert client.post(url).status_code == 302
    assert Job.objects.get(pk=dead.pk).state == state
    entry = LogEntry.objects.get(object_id=str(dead.pk))
    assert "lost" in entry.change_message
    assert client.post(url).status_code == 302  # a second time changes nothing
    assert LogEntry.objects.count() == 1


def test_several_at_once_leave_alone_what_was_not_given_up(world, dead):
    waiting = make_job(world.mine.team, key=world.mine.api_key)
    data = {"action": "drop_selected", "_selected_action": [str(dead.pk), str(waiting.pk)]}
    world.client("owner").post(reverse(LIST), data)
    assert {job.pk: job.state for job in Job.objects.all()} == {dead.pk: "failed", waiting.pk: "queued"}


@pytest.mark.parametrize("role", ["developer", "viewer"])
def test_who_does_not_run_the_team_changes_nothing(world, dead, role):
    client = world.client(role)
    for name in ("send_again", "drop"):
        assert client.post(reverse(f"admin:gateway_job_{name}", args=[dead.pk])).status_code == 403
    client.post(reverse(LIST), {"action": "drop_selected", "_selected_action": [str(dead.pk)]})
    assert Job.objects.get(pk=dead.pk).state == "dead"


def test_another_team_s_stay_closed(world):
    other = make_job(world.other.team, key=world.other.api_key, state="dead")
    client = world.client("owner")
    for name in ("change", "send_again", "drop"):
        assert client.get(reverse(f"admin:gateway_job_{name}", args=[other.pk])).status_code in (
            302,
            403,
            404,
        )
    client.post(reverse(LIST), {"action": "drop_selected", "_selected_action": [str(other.pk)]})
    assert Job.objects.get(pk=other.pk).state == "dead"


def test_a_line_of_a_batch_that_has_stopped_is_not_sent_again(world):
    """It would wait for its deadline, and never begin."""
    team, key = world.mine.team, world.mine.api_key
    for state, is_sent in (("in_progress", True), ("finalizing", False), ("cancelling", False)):
        batch = make_batch(team, key=key, state=state)
        job = make_job(team, key=key, state="dead", code="lost", batch=batch, line=1)
        if is_sent:
            actions.send_again(job, now=utc_now())
        else:
            with pytest.raises(actions.NotDeadError, match="batch of its own"):
                actions.send_again(job, now=utc_now())
        job.refresh_from_db()
        assert job.state == ("queued" if is_sent else "dead")
