"""Loading the demonstration: once, wholly or not at all."""

from datetime import datetime

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Team
from gateway.demo.load import load_demo
from governance.limits.models import BudgetWindow
from governance.records.models import AuditRecord
from governance.usage.models import Tip

pytestmark = pytest.mark.django_db


def test_it_is_loaded_once(tmp_path, capsys):
    call_command("load_demo", data_dir=tmp_path)
    before = (tmp_path / "demo.json").read_text()
    call_command("load_demo", data_dir=tmp_path)
    assert "loaded already" in capsys.readouterr().out
    assert (tmp_path / "demo.json").read_text() == before
    assert AuditRecord.objects.count() == 3000
    assert {"cheaper_model", "batch", "head_room", "wasted"} <= set(
        Tip.objects.values_list("kind", flat=True)
    )


@pytest.mark.slow
def test_nothing_is_left_where_the_access_cannot_be_written(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(CommandError):
        call_command("load_demo", data_dir=blocked)
    assert not Team.objects.exists()
    assert not AuditRecord.objects.exists()


@pytest.mark.parametrize(
    "day",
    [
        "2026-12-31",
        pytest.param("2027-03-01", marks=pytest.mark.slow),
        pytest.param("2027-01-03", marks=pytest.mark.slow),
    ],
)  # the end of a month, its beginning, of a week
def test_no_budget_is_overspent_whatever_the_day(tmp_path, day):
    load_demo(data_dir=tmp_path, now=datetime.fromisoformat(f"{day}T22:50:00+00:00"))
    windows = BudgetWindow.objects.filter(budget__is_hard=True).select_related("budget")
    assert windows
    assert [str(window.budget) for window in windows if window.spent_nanos > window.budget.limit_nanos] == []


def test_seeding_needs_the_demonstration():
    with pytest.raises(CommandError, match="load_demo"):
        call_command("seed_calls", count=5)
