"""What a list of the admin is not made to be filtered by, it is not filtered by: else hidden columns are read letter by letter."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.db.models import Field, ForeignKey
from django.test import RequestFactory
from django.urls import reverse

from tests.world import ROLES

pytestmark = pytest.mark.django_db
admin.autodiscover()

LOOKUPS = (
    "",
    "__exact",
    "__startswith",
    "__istartswith",
    "__contains",
    "__regex",
    "__gt",
    "__lt",
    "__in",
    "__isnull",
    "__range",
    "__date",
)
PAGES: list[Any] = sorted(admin.site._registry.values(), key=lambda page: page.opts.label)
OF_EVERY_COMMIT = ("accounts.ApiKey", "governance.AuditRecord", "prompts.Prompt")
"""A list takes seconds with all its filters."""
UNLISTED = (
    "gateway.CostScenario",
    "governance.UsageDay",
    "governance.AwsImport",
    "governance.VolatileBeginning",
    "gateway.RoutingDecision",
    "gateway.CacheUse",
    "gateway.Discovered",
)
"""Pages that are no lists: nothing is filtered there at all."""
OF_SUPERUSERS = (
    "accounts.SignInAttempt",
    "accounts.SignInCount",
    "gateway.ProviderAccount",
    "governance.UnknownCaller",
)
"""Pages that are closed to everybody else."""
OFFERED = {
    "accounts.User": {"is_active__exact", "is_active__isnull", "is_superuser__exact", "is_superuser__isnull"},
    "accounts.Application": {"team", "is_active__exact", "is_active__isnull"},
    "accounts.ApiKey": {"application"},
    "governance.Delivery": {"channel", "state__exact", "state__isnull"},
    "governance.Feedback": {"team", "helpful"},
    "governance.AuditRecord": {"team", "application", "model", "status"},
    "governance.RawAccess": {"team"},
    "governance.TeamKey": {"team"},
    "prompts.Prompt": {"team"},
    "prompts.KnowledgeDocument": {"state__exact", "state__isnull"},
}
"""What some lists offer, of lookups on their own columns."""


def columns(page: Any) -> list[str]:
    """The model's columns, and those one step away."""
    found: list[str] = []
    fields: list[Field[Any, Any]] = list(page.model._meta.concrete_fields)
    for field in fields:
        found += [field.name, field.attname]
        if isinstance(field, ForeignKey):
            found += [f"{field.name}__{each.name}" for each in field.related_model._meta.concrete_fields]
    return list(dict.fromkeys(found))


def _name(each: Any) -> str:
    """The parameter, or the field, that a filter of a list goes by."""
    if isinstance(each, str):
        return each
    return str(each[0] if isinstance(each, tuple) else each.parameter_name)


def request_of(world: Any, who: str) -> Any:
    request = RequestFactory().get("/")
    request.user = world.superuser if who == "superuser" else world.people[who]
    return request


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.opts.label)
def test_only_what_is_offered_is_looked_up(world, page):
    for who in ("viewer", "superuser"):
        request = request_of(world, who)
        found = {
            f"{column}{lookup}"
            for column in columns(page)
            for lookup in LOOKUPS
            if page.lookup_allowed(f"{column}{lookup}", "x", request)
        }
        filters = {_name(each) for each in page.get_list_filter(request)}
        assert all(
            any(
                name == each or name.removeprefix(each) in ("__exact", "__isnull")
                for each in (*filters, *page.lookups)
            )
            for name in found
        ), found
        if page.opts.label in OFFERED:
            assert found == OFFERED[page.opts.label]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.opts.label)
def test_a_list_answers_nothing_else(world, page):
    if page.opts.label in UNLISTED:
        return
    url = reverse(f"admin:{page.opts.label_lower.replace('.', '_')}_changelist")
    client = world.client("superuser" if page.opts.label in OF_SUPERUSERS else "viewer")
    assert client.get(url).status_code == 200
    for field in page.model._meta.concrete_fields:
        answer = client.get(url, {f"{field.name}__startswith": "a"})
        assert answer.status_code == 400, field.name


@pytest.mark.parametrize("role", [*ROLES, "nobody"])
def test_comments_are_not_read_letter_by_letter(world, role):
    url, client = reverse("admin:governance_feedback_changelist"), world.client(role)
    for query in (
        {"comment__startswith": "the-w"},
        {"comment__regex": "^t"},
        {"comment__gt": "a"},
        {"team__name__startswith": "M"},
    ):
        assert client.get(url, query).status_code == 400
    for query in ({"o": "comment"}, {"o": "3"}, {"_to_field": "comment"}):
        assert "the-words" not in client.get(url, query).content.decode() or role not in ("viewer", "nobody")


def test_nothing_is_completed_of_another_team_s(world):
    """Autocompletion asks the page of what is looked for, and searches what its list searches."""
    for app, model, field in (
        ("governance", "budget", "team"), ("governance", "budget", "application"), ("governance", "budget", "api_key"),
        ("prompts", "experiment", "prompt"), ("prompts", "evaluation", "test_set"),
    ):  # fmt: skip
        for who in (*ROLES, "nobody"):
            answer = world.client(who).get(
                reverse("admin:autocomplete"),
                {"app_label": app, "model_name": model, "field_name": field, "term": ""},
            )
            assert answer.status_code in (200, 403)
            assert "ther" not in answer.content.decode().replace("another", "")


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [
        pytest.param(each, marks=pytest.mark.quick) if each.opts.label in OF_EVERY_COMMIT else each
        for each in PAGES
    ],
    ids=lambda page: page.opts.label,
)
def test_every_filter_of_a_list_works(world, page):
    """With each of its choices, counted or not, and with what no column takes."""
    if page.opts.label in UNLISTED:
        return
    who = "superuser" if page.opts.label in OF_SUPERUSERS else "owner"
    url = reverse(f"admin:{page.opts.label_lower.replace('.', '_')}_changelist")
    client = world.client(who)
    assert client.get(url, {"_facets": "True"}).status_code == 200
    request = request_of(world, who)
    for name in page._offered(request):
        for value in ("1", str(world.mine.team.pk), "9" * 40, "9" * 5000, "x", "\0", ""):
            assert client.get(url, {name: value}).status_code in (200, 302), (name, value)


def test_runs_are_filtered_by_team(world):
    url, client = reverse("admin:prompts_evaluation_changelist"), world.client("superuser")
    for team, other in ((world.mine.team, world.other.team), (world.other.team, world.mine.team)):
        text = client.get(url, {"team": team.pk}).content.decode()
        assert f"Questions of {team.name}" in text
        assert f"Questions of {other.name}" not in text


@pytest.mark.slow
def test_no_link_leads_to_any_row(world):
    """Django's own would tell of every table which rows it has, and fail at ids of another kind."""
    for kind in ContentType.objects.all():
        for pk in (1, "x", "%00", world.other.call.pk):
            assert world.client("superuser").get(f"/admin/r/{kind.pk}/{pk}/").status_code == 404
