"""Webhooks of jobs: signed, tried again for a day, given up and shown, and never to a host that may not be told."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest

from gateway.jobs.models import Job
from gateway.jobs.services import webhooks
from gateway.jobs.services.webhook_secret import webhook_secret
from governance.alerts.policy import MAX_ATTEMPTS, signature
from kernel.clock import utc_now
from tests.accounts.factories import make_team
from tests.gateway.jobs.factories import make_job

pytestmark = [pytest.mark.django_db]


class Receiver(BaseHTTPRequestHandler):
    status: ClassVar[int] = 200
    received: ClassVar[list[tuple[dict, bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def hook(settings) -> Iterator[str]:
    Receiver.status, Receiver.received = 200, []
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings.ALERTS_ALLOW_PRIVATE = True
    settings.JOBS_WEBHOOK_HOSTS = [f"127.0.0.1:{server.server_port}"]
    yield f"http://127.0.0.1:{server.server_port}/hook?x=secret"
    server.shutdown()
    thread.join()
    server.server_close()


def make_told(url: str, **fields) -> Job:
    now = utc_now()
    values = {
        "state": "succeeded", "ended_at": now, "webhook": url, "webhook_state": "pending", "webhook_at": now, "status_code": 200,
        "request": None,
    }  # fmt: skip
    return make_job(fields.pop("team", None) or make_team(), **{**values, **fields})


def test_signed_and_told_once(hook):
    job = make_told(hook)
    assert webhooks.due(now=utc_now()) == [job.pk]
    now = utc_now()
    assert webhooks.tell(job.pk, now=now)
    assert not webhooks.tell(job.pk, now=utc_now())
    [(headers, body)] = Receiver.received
    secret = webhook_secret(job.application_id)
    assert headers["x-gatehouse-signature"] == signature(secret, timestamp=int(now.timestamp()), body=body)
    told = json.loads(body)
    assert (told["type"], told["data"]["id"], told["data"]["status_code"]) == ("job.completed", str(job), 200)
    assert headers["x-gatehouse-delivery"] == told["id"]
    job.refresh_from_db()
    assert job.webhook_state == "delivered"


def test_one_that_fails_for_a_day_is_tried_less_and_less_then_given_up_and_shown(hook):
    Receiver.status = 503
    job, begun, now = make_told(hook), utc_now(), utc_now()
    while webhooks.due(now=now):
        assert not webhooks.tell(job.pk, now=now)
        job.refresh_from_db()
        now = max(now, job.webhook_at)
        if job.webhook_state != "pending":
            break
    assert len(Receiver.received) == job.webhook_attempts == MAX_ATTEMPTS
    assert timedelta(hours=12) < now - begun < timedelta(hours=36)
    assert (job.webhook_state, "503" in job.webhook_error) == ("failed", True)
    assert "secret" not in job.webhook_error
    assert len({headers["x-gatehouse-delivery"] for headers, _ in Receiver.received}) == 1


def test_a_host_that_may_not_be_told_any_more_is_not_told(hook, settings):
    job = make_told(hook)
    settings.JOBS_WEBHOOK_HOSTS = ["hooks.example.com"]
    assert not webhooks.tell(job.pk, now=utc_now())
    job.refresh_from_db()
    assert Receiver.received == []
    assert "GATEHOUSE_JOBS_WEBHOOK_HOSTS" in job.webhook_error


def test_a_host_of_our_own_network_is_not_told(hook, settings):
    settings.ALERTS_ALLOW_PRIVATE = False
    job = make_told(hook.replace("http:", "https:"))
    assert not webhooks.tell(job.pk, now=utc_now())
    assert Receiver.received == []
    job.refresh_from_db()
    assert "not on the internet" in job.webhook_error


def test_no_team_takes_all_places(hook, settings):
    team, now = make_team(), utc_now()
    for _ in range(settings.TEAM_DELIVERIES):
        make_told(hook, team=team, webhook_at=now + timedelta(minutes=1))  # being told right now
    waiting, other = make_told(hook, team=team), make_told(hook, team=make_team("Other"))
    assert not webhooks.tell(waiting.pk, now=utc_now())
    assert webhooks.tell(other.pk, now=utc_now())
