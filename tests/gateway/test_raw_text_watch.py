"""Raw text that can't be kept is counted, and told of once where it goes on for a minute."""

import asyncio

import pytest

from gateway.metrics.counts import Metrics
from gateway.records import raw_text_watch
from gateway.records.raw_text_watch import RawTextWatch
from governance.alerts.models import Alert, AlertChannel, Delivery
from governance.alerts.services.alerts import alert_on_raw_text
from kernel.clock import utc_now


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([(0, "no"), (59, "no")], 0),
        ([(0, "no"), (61, "no"), (90, "no")], 1),
        ([(0, "no"), (50, "kept"), (61, "no"), (100, "no")], 0),
        ([(0, "no"), (61, "no"), (3700, "no")], 2),
    ],
)
def test_a_minute_of_calls_whose_text_is_not_kept_is_told(
    monkeypatch: pytest.MonkeyPatch, events: list[tuple[float, str]], told: int
) -> None:
    alerts: list[str] = []
    now = {"is": 0.0}
    monkeypatch.setattr(raw_text_watch, "_alert", alerts.append)
    monkeypatch.setattr(raw_text_watch, "perf_counter", lambda: now["is"])
    metrics = Metrics()

    async def happen() -> None:
        watch = RawTextWatch(metrics.note_raw_not_kept)
        for now["is"], what in events:
            watch.kept() if what == "kept" else watch.not_kept("AWS KMS can't be reached.")
        await watch.stop()

    asyncio.run(happen())
    assert len(alerts) == told
    assert metrics.raw_not_kept.total() == sum(what == "no" for _, what in events)


@pytest.mark.django_db
def test_who_hears_of_all_teams_is_told_once() -> None:
    AlertChannel.objects.create(name="all", kind="email", target="a@example.com")
    for reason in ("AWS KMS can't be reached.", "Another."):
        alert_on_raw_text(reason=reason, now=utc_now())
    (alert,) = Alert.objects.filter(kind=Alert.Kind.RAW_NOT_KEPT)
    assert "for more than a minute: AWS KMS can't be reached. Calls go on" in alert.text
    assert Delivery.objects.filter(alert=alert).count() == 1
