"""Every reference of every form of the admin, empty, to another team's row, and to one of no team, by every role."""

from typing import Any

import pytest
from django.contrib import admin
from django.db import transaction
from django.db.models import Model
from django.forms import ModelChoiceField
from django.test import RequestFactory
from django.urls import reverse

from accounts.access.admin import OwnedPages
from accounts.models import ApiKey, Application, Team
from gateway.catalogue.models import CacheRule, Deployment, ModelQuality, Price, Route
from gateway.catalogue.models import Model as BedrockModel
from governance.alerts.models import AlertChannel
from governance.limits.models import Budget, RateLimit
from governance.privacy.models import PrivacyPolicy
from governance.records.models import KnownPerson
from prompts.evaluations.models import TestSet
from prompts.knowledge.models import ContextSource, KnowledgeBase
from prompts.registry.models import Prompt, ReviewRule
from prompts.rollout.models import ServiceContract
from tests.accounts.test_api_permissions import MANAGES_KEYS, MANAGES_TEAM, TABLES
from tests.accounts.test_api_references import team_of
from tests.prompts.evaluations.factories import set_of
from tests.prompts.registry.factories import make_reviewed_prompt
from tests.tables import contents
from tests.world import ROLES, World

pytestmark = pytest.mark.django_db
admin.autodiscover()

_SCOPED = {"feature": "references", "per": ""}
FORMS: dict[type[Model], dict[str, Any]] = {
    Application: {"name": "new", "is_active": "on"},
    ApiKey: {"name": "new"},
    AlertChannel: {"name": "new", "kind": "email", "target": "new@example.com", "is_enabled": "on"},
    Budget: {"limit_nanos": "10", "period": "month", "time_zone": "UTC", **_SCOPED},
    RateLimit: {"metric": "requests", "limit": "10", "period": "hour", **_SCOPED},
    PrivacyPolicy: {},
    Prompt: {"name": "new"},
    TestSet: {"name": "new", "assertions-TOTAL_FORMS": "0", "pass_percent": "100"},
    ContextSource: {"name": "new", "kind": "text", "text": "x", "most_rows": "1", "timeout_ms": "100", "cache_seconds": "0", "on_failure": "refuse"},
    KnowledgeBase: {
        "name": "new", "kind": "local", "language": "english", "route": "nova-lite", "dimensions": "256", "top_k": "5",
        "floor": "0.7", "max_tokens": "2000", "chunk_tokens": "300", "overlap_tokens": "40",
    },
    ReviewRule: {"name": "new", "approvals": "1"},
    KnownPerson: {"tag": "john.roe@example.com", "name": "John Roe"},
    CacheRule: {"name": "new", "semantic": "off"},
    ServiceContract: {"p95_ms": "10", "window_minutes": "60", "minimum_calls": "20"},
}  # fmt: skip
"""What is typed besides references."""
MAY = {AlertChannel: MANAGES_TEAM, Budget: MANAGES_TEAM, RateLimit: MANAGES_TEAM, PrivacyPolicy: MANAGES_TEAM, ReviewRule: MANAGES_TEAM, KnownPerson: MANAGES_TEAM, CacheRule: MANAGES_TEAM}  # fmt: skip
"""Who may make one, where it is not whoever manages keys and prompts."""
SHARED = (AlertChannel, Budget, RateLimit, PrivacyPolicy, Prompt, CacheRule)
"""What superusers make for no team."""
CATALOGUE = (Deployment, Price, BedrockModel, ModelQuality)
OF_EVERY_COMMIT = (ApiKey, Budget)
"""A form takes seconds."""
PAGES: dict[type[Model], Any] = {
    model: page for model, page in admin.site._registry.items() if isinstance(page, OwnedPages)
}


def references_of(model: type[Model], world: World) -> dict[str, Any]:
    """The fields of a page's form that name rows, for who may fill in all of them."""
    request = RequestFactory().get("/")
    request.user = world.superuser
    page = PAGES[model]
    if not page.has_add_permission(request):
        return {}
    fields = page.get_form(request, None, change=False).base_fields
    return {
        name: field.queryset.model
        for name, field in fields.items()
        if isinstance(field, ModelChoiceField) and hasattr(field.queryset.model, "owned_by")
    }


def test_every_form_with_references_is_looked_at(world):
    """Those of experiments, rollouts and requests take what they are about from the address."""
    assert {model for model in PAGES if references_of(model, world)} - set(CATALOGUE) == {*FORMS} | {
        each for each in PAGES if each.__name__ in ("Experiment", "Rollout", "LimitRequest") and references_of(each, world)
    }  # fmt: skip


def test_rows_on_a_page_name_none_but_what_is_nobody_s(world):
    request = RequestFactory().get("/")
    request.user = world.superuser
    for model, page in PAGES.items():
        row = model._default_manager.first()
        for inline in page.get_inline_instances(request, row):
            fields = inline.get_formset(request, row).form.base_fields
            named = {field.queryset.model for field in fields.values() if isinstance(field, ModelChoiceField)}
            assert named <= {*CATALOGUE, model}, inline


class Rows:
    def __init__(self, world: World) -> None:
        self.shared = {Prompt: make_reviewed_prompt(None, "shared").pk, Route: world.route.pk}
        self.mine, self.other = (self.of(each) for each in (world.mine, world.other))

    def of(self, team: Any) -> dict[Any, Any]:
        return {
            Team: team.team.pk,
            Application: team.application.pk,
            ApiKey: team.api_key.pk,
            Prompt: set_of(team.team).prompt_id,
        }


@pytest.mark.slow
@pytest.mark.parametrize(
    "model",
    [pytest.param(each, marks=pytest.mark.quick) if each in OF_EVERY_COMMIT else each for each in FORMS],
    ids=lambda model: model.__name__,
)
def test_references_of_forms_reach_no_further(world, model):
    rows = Rows(world)
    if model is ServiceContract:
        ServiceContract.objects.filter(prompt__team=world.mine.team).delete()
    if model is PrivacyPolicy:
        PrivacyPolicy.objects.filter(team=world.mine.team).update(application=world.mine.application)
    found = references_of(model, world)
    head = "application" if model is ApiKey else "prompt" if model is ServiceContract else "team"
    needed = {name: rows.mine[target] for name, target in found.items() if name in (head, "prompt")}
    label = model._meta.label_lower.replace(".", "_")
    urls = [reverse(f"admin:{label}_add")]
    own = next(row for row in model._default_manager.all() if team_of(row) == world.mine.team.pk) if model is not ServiceContract else None  # fmt: skip
    if own is not None:
        urls.append(reverse(f"admin:{label}_{'settings' if model is Prompt else 'change'}", args=[own.pk]))
    clients = {who: world.client(who) for who in (*ROLES, "nobody", "superuser")}
    before, pks = contents(TABLES), set(model._default_manager.values_list("pk", flat=True))

    def tried(who: str, url: str, body: dict[str, Any]) -> list[Any]:
        """The rows that came to be, or were changed, by somebody's sending a form."""
        with transaction.atomic():
            answer = clients[who].post(
                url, {name: value for name, value in body.items() if value is not None}
            )
            assert answer.status_code in (200, 302, 403, 404), (who, url, body)
            made = list(model._default_manager.exclude(pk__in=pks))
            if own is not None:
                own.refresh_from_db()
                assert team_of(own) == world.mine.team.pk or (who == "superuser" and model is AlertChannel)
            for row in made:
                for field in row._meta.concrete_fields:
                    named = getattr(row, field.name) if field.many_to_one or field.one_to_one else None
                    if named is not None and hasattr(named, "owned_by"):
                        assert team_of(named) in (None, team_of(row)), (who, body)
            transaction.set_rollback(bool(made) or answer.status_code == 302)
            return made

    for who in clients:
        may = who == "superuser" or who in MAY.get(model, MANAGES_KEYS)
        assert bool(tried(who, urls[0], {**FORMS[model], **needed})) == may, who
        for name, target in found.items():
            kinds = {"null": None, "other": rows.other.get(target), "shared": rows.shared.get(target)}
            for kind, value in kinds.items():
                if kind != "null" and value is None:
                    continue
                for url in urls if who in ("owner", "viewer", "superuser") else urls[:1]:
                    made = tried(who, url, {**FORMS[model], **needed, name: value})
                    if who == "superuser":
                        continue
                    assert not (made and kind == "other"), (who, name)
                    assert not (made and name == head), (who, kind)  # neither nobody's, nor another's
                    assert all(team_of(row) == world.mine.team.pk for row in made)
        if model in SHARED:
            made = tried(who, urls[0], {**FORMS[model], "team": None})
            assert bool(made) == (who == "superuser"), who
    assert contents(TABLES) == before


@pytest.mark.parametrize("who", [*ROLES, "nobody"])
@pytest.mark.parametrize("page", ["experiment", "rollout"])
def test_what_comes_from_the_address_reaches_no_further(world, who, page):
    shared, other = make_reviewed_prompt(None, "shared"), set_of(world.other.team).prompt_id
    for prompt in (shared.pk, other):
        answer = world.client(who).get(reverse(f"admin:prompts_{page}_add"), {"prompt": prompt})
        assert answer.status_code in (403, 404)
