"""The demonstration: believable, and as consistent as the real thing."""

import json
import stat
from collections import Counter, defaultdict
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db.models import Sum

from accounts.models import ApiKey, Application, Membership, Team, User
from accounts.policy import key_text
from gateway.catalogue.models import Route
from governance.limits.models import Budget, BudgetWindow, Grant, LedgerEntry, LimitRequest, RateLimit
from governance.limits.policy.scopes import CallFacts
from governance.limits.policy.windows import window_of
from governance.records.models import AuditContent, AuditRecord
from kernel.clock import utc_now
from prompts.registry.models import Label
from tests.call_ids import time_of
from tests.module_data import rolled_back

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def folder(tmp_path_factory, django_db_setup, django_db_blocker):
    """The demonstration, loaded once for the module; where its access is written."""
    data = tmp_path_factory.mktemp("demo")
    with rolled_back(django_db_blocker):
        with django_db_blocker.unblock():
            call_command("load_demo", data_dir=data)
        yield data


@pytest.fixture
def demo(folder, db):
    """What was written down about the demonstration."""
    return json.loads((folder / "demo.json").read_text())


def test_the_access_is_written_for_the_owner_only(folder, demo):
    assert stat.S_IMODE((folder / "demo.json").stat().st_mode) == 0o600
    assert set(demo) == {"admin_email", "admin_password", "api_key", "model"}
    admin = User.objects.get(email=demo["admin_email"])
    assert admin.is_superuser
    assert admin.check_password(demo["admin_password"])
    api_key = ApiKey.objects.get(key_id=key_text.key_id_of(demo["api_key"]))
    assert key_text.matches(demo["api_key"], bytes(api_key.secret_hash))
    assert Route.objects.filter(name=demo["model"]).exists()


def test_the_organisation(demo):
    assert Team.objects.count() == 3
    assert {budget.scope_text for budget in Budget.objects.all()} == {
        "team Customer Support", "team Research", "team Platform", "the organisation",
        "team Customer Support, feature chat", "team Customer Support, each end user",
        "application Data explorer of Research",
    }  # fmt: skip
    assert RateLimit.objects.count() == 2
    assert set(LimitRequest.objects.values_list("state", flat=True)) == {"pending", "approved"}
    assert Grant.objects.get().request.budget.team.name == "Research"
    assert Application.objects.count() == 5
    assert set(Membership.objects.values_list("role", flat=True)) == {
        "owner", "admin", "developer", "reviewer", "viewer"
    }  # fmt: skip
    assert all(user.email.endswith("@example.com") for user in User.objects.all())
    assert not [user for user in User.objects.filter(is_superuser=False) if user.has_usable_password()]


def test_windows_are_the_sums_of_their_entries(demo):
    sums = defaultdict(int)
    for entry in LedgerEntry.objects.all():
        for window_id in entry.window_ids:
            sums[window_id] += entry.amount_nanos
    windows = {window.pk: window for window in BudgetWindow.objects.select_related("budget")}
    assert {pk: window.spent_nanos for pk, window in windows.items()} == sums
    assert all(window.spent_nanos <= window.budget.limit_nanos for window in windows.values())
    assert all(window.reserved_nanos == 0 for window in windows.values())
    charged = dict(AuditRecord.objects.filter(cost_nanos__gt=0).values_list("call_id", "cost_nanos"))
    assert {entry.call_id: entry.amount_nanos for entry in LedgerEntry.objects.all()} == charged


def test_calls_are_in_the_window_of_their_time(demo):
    windows = {window.pk: window for window in BudgetWindow.objects.select_related("budget")}
    started = dict(AuditRecord.objects.values_list("call_id", "started_at"))
    for entry in LedgerEntry.objects.all():
        for window in map(windows.get, entry.window_ids):
            assert window.starts_at <= started[entry.call_id] < window.ends_at
    for window in windows.values():
        budget = window.budget
        period = window_of(
            budget_id=budget.pk, period=budget.period, time_zone=budget.time_zone, now=window.starts_at
        )
        assert (period.starts_at, period.ends_at) == (window.starts_at, window.ends_at)


def test_a_call_counts_in_every_budget_it_falls_under(demo):
    for record in AuditRecord.objects.filter(cost_nanos__gt=0)[:400]:
        call = CallFacts(
            team_id=record.team_id, application_id=record.application_id, api_key_id=record.api_key_id,
            end_user=record.end_user, feature=record.feature, model=record.route,
        )  # fmt: skip
        falls_under = {
            (budget.pk, budget.scope.subject_of(call))
            for budget in Budget.objects.all()
            if budget.team_id in (None, record.team_id)
            and budget.application_id in (None, record.application_id)
            and budget.scope.subject_of(call) is not None
        }
        entry = LedgerEntry.objects.get(call_id=record.pk)
        counted = BudgetWindow.objects.filter(pk__in=entry.window_ids).values_list("budget_id", "subject")
        assert sorted(counted) == sorted(falls_under)


def test_the_history_is_believable(demo):
    records = list(AuditRecord.objects.all())
    now = utc_now()
    assert all(record.is_demo for record in records)
    assert all(now - timedelta(days=36) < record.started_at <= now for record in records)
    assert all(abs(time_of(record.pk) - record.started_at) < timedelta(milliseconds=2) for record in records)
    statuses = Counter(record.status for record in records)
    assert statuses["succeeded"] > 2600
    assert all(statuses[status] for status in ("refused", "failed", "cancelled"))
    by_day = Counter(record.started_at.date() for record in records)
    weekdays = [count for day, count in by_day.items() if day.weekday() < 5 and day != now.date()]
    weekends = [count for day, count in by_day.items() if day.weekday() >= 5 and day != now.date()]
    assert sum(weekdays) / len(weekdays) > 2 * sum(weekends) / len(weekends)
    assert by_day[now.date()] >= 40
    for record in records:
        assert record.stages
        assert abs(record.duration_ms - sum(stage[1] for stage in record.stages)) < 0.01
        assert record.cost_nanos <= record.reserved_nanos
        assert (record.cost_nanos > 0) == (record.output_tokens > 0)


def test_contents_are_masked(demo):
    assert AuditContent.objects.count() == 3000
    text = "".join(AuditContent.objects.values_list("request", flat=True))
    assert "<EMAIL_ADDRESS_" in text
    assert "@" not in text


def test_a_prompt_is_approved_and_in_production(demo):
    label = Label.objects.select_related("version__prompt__team").get()
    assert (label.name, label.version.prompt.name, label.version.state) == (
        "production",
        "support-reply",
        "approved",
    )
    assert label.version.prompt.team == Application.objects.get(name="Help desk assistant").team
    assert label.version.reviews.get().reviewer_id not in label.version.editors


def test_seeded_calls_are_marked_and_uncharged(demo):
    spent = BudgetWindow.objects.aggregate(total=Sum("spent_nanos"))
    call_command("seed_calls", count=500, days=10)
    seeded = AuditRecord.objects.filter(request_id__startswith="seed-")
    assert seeded.count() == 500
    assert all(record.is_demo and record.pk.version == 7 for record in seeded)
    assert BudgetWindow.objects.aggregate(total=Sum("spent_nanos")) == spent
