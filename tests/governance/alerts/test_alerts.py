"""Alerts: once for each threshold and period, delivered to real servers, tried again, all in the log."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from random import Random
from typing import ClassVar

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse

from gateway.demo.calls import call_id_at
from governance.alerts.models import Alert, AlertChannel, Delivery
from governance.alerts.policy import MAX_ATTEMPTS, secret_of, signature
from governance.alerts.services import alerts, deliveries
from governance.limits.models import Budget, BudgetWindow, Grant
from governance.limits.policy.windows import window_of
from kernel.clock import utc_now
from tests.accounts.api_resources import API, ask
from tests.governance.limits.factories import DOLLAR, make_budget, make_grant, make_windows
from tests.governance.records.factories import make_call
from tests.world import World, make_world

pytestmark = pytest.mark.django_db


class Receiver(BaseHTTPRequestHandler):
    """A webhook's other end: answers as told, and keeps what came."""

    statuses: ClassVar[list[int]] = []
    received: ClassVar[list[tuple[dict, bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.statuses.pop(0) if self.statuses else 200)
        self.send_header("location", "http://127.0.0.1/elsewhere")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[str]:
    Receiver.statuses, Receiver.received = [], []
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook?x=1"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def world(settings) -> World:
    settings.ALERTS_ALLOW_PRIVATE = True
    world = make_world()
    Delivery.objects.all().delete()
    Alert.objects.all().delete()
    AlertChannel.objects.all().delete()
    return world


def channel(world: World, kind: str, target: str, **columns) -> AlertChannel:
    return AlertChannel.objects.create(
        **{"team": world.mine.team, "name": kind, "kind": kind, "target": target} | columns
    )


def spend(budget: Budget, nanos: int) -> None:
    BudgetWindow.objects.filter(budget=budget).update(spent_nanos=nanos)


def deliver_all(now=None) -> list[bool]:
    now = now or utc_now()
    return [deliveries.attempt(pk, now=now) for pk in deliveries.due(now=now)]


def test_once_for_each_threshold_and_period(world):
    channel(world, "email", "team@example.com")
    spend(world.mine.budget, 55 * DOLLAR)
    Budget.objects.filter(pk=world.other.budget.pk).update(alert_thresholds=[])
    assert [alerts.scan(now=utc_now()) for _ in range(2)] == [1, 0]
    spend(world.mine.budget, 101 * DOLLAR)  # two thresholds at once: the highest is told
    assert [alerts.scan(now=utc_now()) for _ in range(2)] == [2, 0]
    assert deliver_all() == [True, True]
    assert [message.subject[:60] for message in mail.outbox] == [
        "Gatehouse: Budget of team Mine per month is 50 % used: $55.00"[:60],
        "Gatehouse: Budget of team Mine per month is 100 % used: $101.0"[:60],
    ]
    Budget.objects.update(limit_nanos=1000 * DOLLAR)  # a higher limit unsays nothing
    assert alerts.scan(now=utc_now()) == 0


def test_grants_count(world):
    spend(world.mine.budget, 90 * DOLLAR)
    Grant.objects.all().delete()
    make_grant(world.mine.budget, amount=100 * DOLLAR)
    alerts.scan(now=utc_now())
    assert not Alert.objects.filter(window__budget=world.mine.budget).exists()


def test_each_subject_by_itself(world):
    budget = make_budget(world.mine.team, limit_nanos=100, period="day", per="end_user")
    make_windows(budget, {"ann": 80, "bob": 10})
    alerts.scan(now=utc_now())
    found = Alert.objects.filter(window__budget=budget)
    assert {(alert.window.subject, alert.threshold) for alert in found} == {("ann", 50), ("ann", 80)}


def test_channels_of_the_team_and_of_all(world):
    mine = channel(world, "email", "mine@example.com")
    everything = channel(world, "email", "all@example.com", team=None)
    channel(world, "email", "other@example.com", team=world.other.team)
    channel(world, "email", "off@example.com", is_enabled=False)
    Budget.objects.filter(pk=world.other.budget.pk).update(alert_thresholds=[])
    spend(world.mine.budget, 55 * DOLLAR)
    alerts.scan(now=utc_now())
    assert set(Delivery.objects.values_list("channel", flat=True)) == {mine.pk, everything.pk}


def test_a_webhook_is_signed_and_tried_again(world, hook):
    found = channel(world, "webhook", hook)
    spend(world.mine.budget, 85 * DOLLAR)
    alerts.scan(now=utc_now())
    Receiver.statuses = [500, 302]
    now = utc_now()
    assert deliver_all(now) == [False]
    assert deliver_all(now) == []
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("pending", 1)
    assert "answered 500" in delivery.last_error
    assert deliver_all(now + timedelta(minutes=1)) == [False]  # a redirect is not followed
    assert deliver_all(now + timedelta(minutes=5)) == [True]
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.last_error) == ("delivered", 3, "")
    headers, body = Receiver.received[-1]
    timestamp = int(headers["x-gatehouse-signature"].split(",")[0].removeprefix("t="))
    secret = secret_of(django_settings.MASTER_KEY, str(found.public_id))
    assert headers["x-gatehouse-signature"] == signature(secret, timestamp=timestamp, body=body)
    said = json.loads(body)
    assert (said["type"], said["threshold_percent"], said["spent_usd"]) == ("budget.threshold", 80, "85")
    assert {headers["x-gatehouse-delivery"] for headers, _ in Receiver.received} == {str(delivery.pk)}


def test_slack_gets_what_it_takes(world, hook):
    channel(world, "slack", hook)
    Budget.objects.filter(pk=world.mine.budget.pk).update(name="<R&D>")
    spend(world.mine.budget, 85 * DOLLAR)
    alerts.scan(now=utc_now())
    assert deliver_all() == [True]
    said = json.loads(Receiver.received[0][1])
    assert "&lt;R&amp;D&gt; is 80 % used" in said["blocks"][0]["text"]["text"]
    assert said["text"].startswith("<R&D> is 80 % used")


def test_given_up_in_the_end(world):
    channel(world, "webhook", "http://127.0.0.1:1/")
    spend(world.mine.budget, 85 * DOLLAR)
    alerts.scan(now=utc_now())
    now = utc_now()
    for _ in range(MAX_ATTEMPTS + 3):
        deliver_all(now)
        now += timedelta(hours=8)
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("failed", MAX_ATTEMPTS)
    assert "can't be reached" in delivery.last_error


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1:9/", "https://127.0.0.1:9/", "https://169.254.169.254/latest", "https://localhost/"],
)
def test_our_own_network_is_out_of_reach(world, settings, target):
    settings.ALERTS_ALLOW_PRIVATE = False
    alerts.send_test(channel(world, "webhook", target), now=utc_now())
    assert deliver_all() == [False]
    error = Delivery.objects.get().last_error
    assert "not on the internet" in error or "Only https" in error


@pytest.mark.parametrize(
    "target",
    [
        "https://example.com:99999/",
        "https://" + "a" * 70 + ".example.com/",
        "https://exa..mple.com/",
        "https://[::1/",
    ],
)
def test_what_no_address_can_be_is_a_failure_like_any_other(world, target):
    """It ends, and is in the log: nothing is tried for ever."""
    alerts.send_test(channel(world, "webhook", target), now=utc_now())
    assert deliver_all() == [False]
    delivery = Delivery.objects.get()
    assert delivery.last_error.startswith("UndeliverableError")
    assert delivery.next_attempt_at < utc_now() + timedelta(minutes=1)


def test_a_fault_of_our_own_is_in_the_log_and_ends(world, monkeypatch):
    def fail(*arguments: object) -> None:
        raise RuntimeError("no such thing")

    channel(world, "webhook", "https://example.com/")
    spend(world.mine.budget, 85 * DOLLAR)
    alerts.scan(now=utc_now())
    monkeypatch.setattr(deliveries, "post_webhook", fail)
    assert deliver_all() == [False]
    assert "no such thing" in Delivery.objects.get().last_error


def test_a_forecast_of_running_out(world):
    channel(world, "email", "team@example.com")
    budget = world.mine.budget
    now = utc_now()
    Budget.objects.filter(pk=budget.pk).update(period="year", limit_nanos=1000 * DOLLAR)
    window = window_of(budget_id=budget.pk, period="year", time_zone="UTC", now=now)
    BudgetWindow.objects.filter(budget=budget).update(
        starts_at=window.starts_at, ends_at=window.ends_at, spent_nanos=990 * DOLLAR
    )
    for age in range(1, 9):
        make_call(world.mine.team, None, started_at=now - timedelta(days=age), cost_nanos=5 * DOLLAR)
    if window.ends_at - now < timedelta(days=3):
        pytest.skip("too near to the year's end for a forecast")
    assert [alerts.scan_forecasts(now=now) for _ in range(2)] == [1, 0]
    assert deliver_all() == [True]
    assert "will run out on" in mail.outbox[0].body


@pytest.mark.django_db(transaction=True)
def test_scanners_at_the_same_time_alert_once(world):
    channel(world, "email", "team@example.com")
    spend(world.mine.budget, 85 * DOLLAR)
    spend(world.other.budget, 0)
    found, barrier = [], threading.Barrier(4)

    def scan() -> None:
        barrier.wait()
        found.append(alerts.scan(now=utc_now()))
        connection.close()

    threads = [threading.Thread(target=scan) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(found) == 2
    assert Delivery.objects.count() == 1


def test_the_test_button_and_the_log(world, hook):
    found = channel(world, "webhook", hook)
    url = reverse("admin:governance_alertchannel_send_a_test", args=[found.pk])
    assert world.client("viewer").get(url).status_code == 403
    assert world.client("viewer").post(url).status_code == 403
    assert "Send the test" in world.client("owner").get(url).content.decode()
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(world.people["owner"])
    assert careful.post(url).status_code == 403
    assert not Delivery.objects.filter(channel=found).exists()
    assert world.client("owner").post(url).status_code == 302
    assert deliver_all() == [True]
    log = world.client("viewer").get(reverse("admin:governance_delivery_changelist")).content.decode()
    assert "Delivered" in log
    page = reverse("admin:governance_alertchannel_change", args=[found.pk])
    secret = secret_of(django_settings.MASTER_KEY, str(found.public_id))
    assert secret in world.client("owner").get(page).content.decode()
    assert secret not in world.client("viewer").get(page, follow=True).content.decode()
    answer = ask(world.client("admin"), "post", f"{API}/alert-channels/{found.pk}/test/")
    assert (answer.status_code, answer.json()["state"]) == (202, "pending")


@pytest.mark.parametrize(
    ("kind", "target"),
    [("email", "nobody"), ("webhook", "ftp://example.com"), ("slack", "hooks"), ("pigeon", "x@y.z")],
)
def test_what_no_channel_can_be(world, kind, target):
    body = {"team": world.mine.team.pk, "name": "x", "kind": kind, "target": target}
    assert ask(world.client("admin"), "post", f"{API}/alert-channels/", body).status_code == 400


def test_a_channel_for_all_budgets_is_a_superuser_s(world):
    body = {"name": "x", "kind": "email", "target": "x@example.com"}
    assert ask(world.client("owner"), "post", f"{API}/alert-channels/", body).status_code == 403
    assert ask(world.client("superuser"), "post", f"{API}/alert-channels/", body).status_code == 201


def test_calls_in_no_month_alert_who_hears_of_all_teams_once_a_day(world):
    everybody = channel(world, "email", "root@example.com", team=None)
    channel(world, "email", "team@example.com")
    now = utc_now()
    assert alerts.alert_on_unfiled_calls(now=now) == 0
    for _ in range(2):
        make_call(call_id=call_id_at(datetime(4000, 1, 1, tzinfo=UTC), Random()))
    assert [alerts.alert_on_unfiled_calls(now=now) for _ in range(2)] == [1, 0]
    (delivery,) = Delivery.objects.all()
    assert (delivery.channel, delivery.alert.kind) == (everybody, "calls_unfiled")
    assert delivery.alert.text.startswith("2 calls are in no month's partition")
    assert alerts.alert_on_unfiled_calls(now=now + timedelta(days=1, seconds=5)) == 1


@pytest.mark.parametrize(
    ("kind", "target", "shown"),
    [
        ("slack", "https://hooks.example.com/services/T0/B0/words", "hooks.example.com"),
        ("webhook", "https://me:words@example.com:8443/words?words", "example.com"),
        ("email", "team@example.com", "team@example.com"),
    ],
)
def test_who_may_not_change_a_channel_is_told_its_host(world, kind, target, shown):
    """Whoever knows the whole of a webhook's address can post to it."""
    found = channel(world, kind, target)
    page = reverse("admin:governance_alertchannel_changelist")
    for who in ("owner", "admin", "superuser", "developer", "reviewer", "viewer"):
        client, may = world.client(who), who in ("owner", "admin", "superuser")
        one = client.get(f"{API}/alert-channels/{found.pk}/").json()
        listed = next(
            row for row in client.get(f"{API}/alert-channels/").json()["results"] if row["id"] == found.pk
        )
        assert one["target"] == listed["target"] == (target if may else shown), who
        text = client.get(page).content.decode()
        assert shown in text
        assert ("words" in text) == (may and "words" in target), who
