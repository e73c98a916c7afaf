"""Finds the budgets that deserve an alert, once for each threshold and period, and queues its deliveries with it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q
from django.urls import reverse

from accounts.models import Team
from governance.alerts.models import Alert, AlertChannel, Delivery
from governance.limits.models import Budget, BudgetWindow
from governance.limits.selectors.budgets import current_state, with_state
from governance.records.services.partitions import count_text, strays
from governance.usage.selectors.burn_down import burn_down

_UNFILED_AGAIN = timedelta(days=1)
"""Calls that stay in no month's partition are told of once in this time."""
_UNUSABLE_AGAIN = timedelta(days=1)
"""A model that stays unusable for the same reason is told of once in this time."""
_DEPLOYMENT_AGAIN = timedelta(minutes=5)
_NOT_KEPT_AGAIN = timedelta(days=1)
"""The same of raw text that is not kept, whatever the reason."""
_REACHED = """
WITH windows AS (
    SELECT win.id, win.spent_nanos, budget.alert_thresholds, budget.limit_nanos + (
        SELECT coalesce(sum(g.amount), 0) FROM governance_grant g
        WHERE g.budget_id = budget.id AND g.subject IN ('', win.subject) AND g.revoked_at IS NULL
          AND g.starts_at <= %(now)s AND %(now)s < g.ends_at)::bigint AS most
    FROM governance_budgetwindow win JOIN governance_budget budget ON budget.id = win.budget_id
    WHERE win.starts_at <= %(now)s AND %(now)s < win.ends_at AND win.spent_nanos > 0
)
INSERT INTO governance_alert (kind, window_id, threshold, spent_nanos, limit_nanos, text, path, created_at)
SELECT 'budget', id, threshold, spent_nanos, most, '', '', %(now)s FROM windows, unnest(alert_thresholds) AS threshold
WHERE most > 0 AND spent_nanos::numeric * 100 >= most::numeric * threshold
ON CONFLICT DO NOTHING
RETURNING id, window_id, threshold
"""


@transaction.atomic
def scan(*, now: datetime) -> int:
    """Alerts on the thresholds reached since the last time; how many. Of several of one period, the highest is sent."""
    with connection.cursor() as cursor:
        cursor.execute(_REACHED, {"now": now})
        rows = cursor.fetchall()
    highest: dict[int, tuple[int, int]] = {}
    for alert_id, window_id, threshold in rows:
        highest[window_id] = max(highest.get(window_id, (0, 0)), (threshold, alert_id))
    _queue(Alert.objects.filter(pk__in=[alert_id for _, alert_id in highest.values()]), now=now)
    return len(rows)


def scan_forecasts(*, now: datetime) -> int:
    """Alerts on budgets that will run out before their period ends, at the pace of the days before; how many."""
    found = 0
    budgets = Budget.objects.filter(alert_on_forecast=True).select_related(
        "team", "application__team", "api_key"
    )
    for budget in budgets.prefetch_related(*with_state(now=now)):
        state = current_state(budget, now=now)
        course = burn_down(state, now=now) if 0 < state.spent < state.limit else None
        if course is None or course.forecast is None or course.forecast.runs_out_at is None:
            continue
        window = BudgetWindow.objects.filter(budget=budget, starts_at=state.starts_at, subject="").first()
        if window is not None:
            found += _alert_on_forecast(window, state.spent, course.forecast.runs_out_at, now=now)
    return found


@transaction.atomic
def _alert_on_forecast(window: BudgetWindow, spent: int, runs_out_at: datetime, *, now: datetime) -> int:
    alert, is_new = Alert.objects.get_or_create(
        window=window,
        threshold=0,
        defaults={"spent_nanos": spent, "limit_nanos": window.budget.limit_nanos, "runs_out_at": runs_out_at},
    )
    if is_new:
        _queue([alert], now=now)
    return int(is_new)


def _queue(alerts: Iterable[Alert], *, now: datetime, to_all: bool = True) -> None:
    for alert in alerts:
        team_id = alert.window.budget.team_id if alert.window is not None else alert.team_id
        whose = Q(team_id=team_id) | Q(team__isnull=True) if to_all else Q(team_id=team_id)
        channels = AlertChannel.objects.filter(whose, is_enabled=True)
        Delivery.objects.bulk_create(
            Delivery(channel=channel, alert=alert, next_attempt_at=now) for channel in channels
        )


@transaction.atomic
def notify(
    *, kind: Alert.Kind, team: Team | None, text: str, path: str, now: datetime, to_all: bool = True
) -> Alert:
    """An alert of another kind than a budget's: a sentence, and the page of the admin that it leads to. Without `to_all` it goes
    to the team's own channels alone: those of all teams hear of it otherwise."""
    alert = Alert.objects.create(kind=kind, team=team, text=text[:500], path=path)
    _queue([alert], now=now, to_all=to_all)
    return alert


@transaction.atomic
def alert_on_unfiled_calls(*, now: datetime) -> int:
    """An alert, to who hears of all teams, on calls that are in no month's partition; how many alerts."""
    number = strays()
    if not number:
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('gatehouse alert on unfiled calls'))")
    kind = Alert.Kind.CALLS_UNFILED
    if Alert.objects.filter(kind=kind, created_at__gt=now - _UNFILED_AGAIN).exists():
        return 0
    text = f"{count_text(number).capitalize()} in no month's partition: a partition is missing, or a clock was wrong. See docs/storage.md."
    notify(kind=kind, team=None, text=text, path=reverse("admin:governance_auditrecord_changelist"), now=now)
    return 1


@transaction.atomic
def alert_on_unusable_model(*, what: str, detail: str, path: str, now: datetime) -> int:
    """An alert, to who hears of all teams, on a deployment that only administrators can mend; how many alerts.

    `what` names the deployment and the reason, and is told of once in a while, whoever asks; `detail` is AWS's words.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('gatehouse alert on unusable models'))")
    kind = Alert.Kind.MODEL_UNUSABLE
    known = Alert.objects.filter(
        kind=kind, path=path, text__startswith=what, created_at__gt=now - _UNUSABLE_AGAIN
    )
    if known.exists():
        return 0
    notify(kind=kind, team=None, text=f"{what} {detail}", path=path, now=now)
    return 1


def alert_on_deployment(*, what: str, path: str, now: datetime) -> int:
    """An alert, to who hears of all teams, on a deployment that is out, slow, or back. Not again within a few minutes, for one
    that comes and goes: its page has each change."""
    kind = Alert.Kind.DEPLOYMENT
    if Alert.objects.filter(kind=kind, path=path, text=what, created_at__gt=now - _DEPLOYMENT_AGAIN).exists():
        return 0
    notify(kind=kind, team=None, text=what, path=path, now=now)
    return 1


@transaction.atomic
def alert_on_raw_text(*, reason: str, now: datetime) -> int:
    """An alert, to who hears of all teams, on raw text that policies want kept and that is not; how many alerts."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('gatehouse alert on raw text'))")
    kind = Alert.Kind.RAW_NOT_KEPT
    if Alert.objects.filter(kind=kind, created_at__gt=now - _NOT_KEPT_AGAIN).exists():
        return 0
    text = (
        f"Raw text that policies want kept has not been for more than a minute: {reason.rstrip('.')}. "
        "Calls go on, and what is masked of them is kept."
    )
    notify(kind=kind, team=None, text=text, path=reverse("admin:governance_auditrecord_changelist"), now=now)
    return 1


def send_test(channel: AlertChannel, *, now: datetime) -> Delivery:
    """Queues a test; the delivery log says what becomes of it."""
    return Delivery.objects.create(channel=channel, next_attempt_at=now)
