"""Budgets and prices in the admin: typed in dollars, kept as integers."""

import pytest
from django import forms
from django.urls import reverse

from accounts.admin.dollars import DollarsField
from gateway.catalogue.models import Deployment, Price, Route
from governance.limits.models import Budget
from governance.ui.bars import bar_of, nice_ceiling
from tests.gateway.catalogue.factories import make_route
from tests.governance.limits.factories import DOLLAR

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("250", 250 * DOLLAR),
        ("$1,250.50", 1_250_500_000_000),
        ("0.000000001", 1),
        ("0", 0),
        (" 3.00 ", 3 * DOLLAR),
    ],
)
def test_dollars_become_nanos(text, nanos):
    assert DollarsField().clean(text) == nanos


@pytest.mark.parametrize(
    "text",
    [
        *("", "abc", "-1", "NaN", "Infinity", "1e400", "0.0000000001", "99999999999", "1.2.3"),
        *("1,5", "0,50", "1,2345", "1.000,00", "1_000", "\u0663", ".", "100 EUR", "€5", "£5", "9" * 10_000),
    ],
)
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(forms.ValidationError) as refused:
        DollarsField().clean(text)
    assert len(refused.value.messages[0]) < 150


def test_a_limit_is_shown_and_changed_in_dollars(world):
    url = reverse("admin:governance_budget_change", args=[world.mine.budget.pk])
    client = world.client("owner")
    page = client.get(url).content.decode()
    assert 'value="100"' in page
    assert "$50.00 of $101.00" in page  # with what is granted
    inline = {"windows-TOTAL_FORMS": 0, "windows-INITIAL_FORMS": 0}
    fields = {"limit_nanos": "120.5", "is_hard": "on", "time_zone": "Europe/Berlin", **inline}
    client.post(url, fields)
    budget = Budget.objects.get(pk=world.mine.budget.pk)
    assert (budget.limit_nanos, budget.time_zone) == (120_500_000_000, "UTC")
    new = {"limit_nanos": "1", "period": "day", "team": world.mine.team.pk}
    answer = client.post(reverse("admin:governance_budget_add"), {**new, "time_zone": "Europe/Nowhere"})
    assert "unknown time zone" in answer.content.decode()


def test_the_list_shows_how_much_is_used(world, django_assert_max_num_queries):
    client = world.client("viewer")
    with django_assert_max_num_queries(12):
        page = client.get(reverse("admin:governance_budget_changelist")).content.decode()
    assert "$50.00 of $101.00" in page  # with what is granted


@pytest.mark.parametrize(
    ("spent", "reserved", "limit", "level"),
    [
        (0, 0, 0, "normal"),
        (1, 0, 0, "full"),
        (79, 0, 100, "normal"),
        (70, 10, 100, "high"),
        (150, 0, 100, "full"),
    ],
)
def test_bars_stay_within_bounds(spent, reserved, limit, level):
    bar = bar_of(spent=spent, reserved=reserved, limit=limit)
    assert bar.level == level
    assert 0 <= bar.spent_percent + bar.reserved_percent <= 100


@pytest.mark.parametrize("value", [0.0003, 0.07, 0.9, 1.0, 2.41, 37.0, 999.9])
def test_axes_end_just_above(value):
    assert value <= nice_ceiling(value) <= value * 2


def price_fields(**fields):
    deployment = Deployment.objects.get()
    return {
        "deployment": deployment.pk, "valid_from_0": "2030-01-01", "valid_from_1": "00:00", "input_rate": "0.0375",
        "output_rate": "15", **fields,
    }  # fmt: skip


def test_a_price_follows_the_one_that_ends(world):
    client = world.client("superuser")
    url = reverse("admin:gateway_price_add")
    assert "overlaps" in client.post(url, price_fields()).content.decode()
    Price.objects.update(valid_until="2030-01-01T00:00Z")
    client.post(url, price_fields(cache_read_rate="0.3"))
    price = Price.objects.get(valid_until=None)
    assert (price.input_rate, price.output_rate) == (37_500_000, 15 * DOLLAR)
    assert (price.cache_read_rate, price.cache_write_rate) == (300_000_000, None)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"input_rate": "free"}, "is not an amount"),
        ({"long_context_threshold": "200000"}, "both the input and the output"),
        ({"long_input_rate": "6"}, "From how many tokens"),
        ({"valid_until_0": "2029-01-01", "valid_until_1": "00:00"}, "ends after it starts"),
    ],
)
def test_wrong_prices_are_explained(world, fields, says):
    Price.objects.all().delete()
    answer = world.client("superuser").post(reverse("admin:gateway_price_add"), price_fields(**fields))
    assert says in answer.content.decode()
    assert not Price.objects.exists()


def test_a_name_leads_to_one_route(world):
    make_route("first", aliases=["amazon.first"])
    fields = {
        "strategy": "ordered", "default_max_tokens": "100", "timeout_seconds": "10",
        "targets-TOTAL_FORMS": 0, "targets-INITIAL_FORMS": 0,
    }  # fmt: skip
    client = world.client("superuser")
    for wrong in ({"name": "amazon.first"}, {"name": "second", "aliases": "x, first"}):
        answer = client.post(reverse("admin:gateway_route_add"), {**fields, **wrong})
        assert "already leads to the route first" in answer.content.decode()
    client.post(reverse("admin:gateway_route_add"), {**fields, "name": "second", "aliases": "x, y, x"})
    assert Route.objects.get(name="second").aliases == ["x", "y"]


def test_a_route_is_made_with_its_targets(world):
    deployment = Deployment.objects.first()
    fields = {
        "name": "made", "strategy": "ordered", "default_max_tokens": "100", "timeout_seconds": "10",
        "targets-TOTAL_FORMS": 1, "targets-INITIAL_FORMS": 0, "targets-0-position": "0", "targets-0-weight": "1",
        "targets-0-deployment": deployment.pk,
    }  # fmt: skip
    world.client("superuser").post(reverse("admin:gateway_route_add"), fields)
    assert [target.deployment for target in Route.objects.get(name="made").targets.all()] == [deployment]
