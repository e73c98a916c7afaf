"""Every reference of every request, as null, to another team's row, and to one of no team, by every role.

Whose a row is, is said here once more, so that the declarations of the models are not tested by themselves.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.db.models import Model
from django.test import Client

from accounts.models import ApiKey, Application, Team, User
from gateway.cache.models import CachePurge
from gateway.catalogue.models import CacheRule, Deployment, ModelQuality, Price, Route
from gateway.catalogue.models import Model as BedrockModel
from governance.limits.models import Budget, LimitRequest, RateLimit
from governance.privacy.models import PrivacyPolicy
from governance.records.models import AuditRecord
from governance.reviews.models import CallReview
from prompts.evaluations.models import Evaluation, TestCase, TestSet
from prompts.knowledge.models import KnowledgeBase, KnowledgeDocument
from prompts.registry.models import Label, Prompt, PromptVersion
from prompts.rollout.models import Experiment, Rollout, ServiceContract
from tests.accounts.api_resources import API, ask, at, id_in, new_bodies, resource_of
from tests.accounts.factories import make_person
from tests.accounts.references import Reference, plain_ids, references
from tests.accounts.test_api_permissions import CHANGES, MAY_CREATE, TABLES
from tests.governance.limits.factories import make_budget, make_rate_limit
from tests.governance.records.factories import make_call
from tests.prompts.evaluations.factories import set_of
from tests.prompts.registry.factories import make_reviewed_prompt
from tests.tables import contents
from tests.world import ROLES, World

pytestmark = pytest.mark.django_db

WAYS: dict[type[Model], str] = {
    Team: "pk", ApiKey: "application.team_id", CallReview: "team_id", Experiment: "prompt.team_id",
    Rollout: "prompt.team_id", Label: "prompt.team_id", PromptVersion: "prompt.team_id", ServiceContract: "prompt.team_id",
    TestCase: "test_set.team_id", Evaluation: "test_set.team_id", KnowledgeDocument: "base.team_id",
}  # fmt: skip
"""The way to a row's team, where it is not `team_id`."""
CATALOGUE = ("routes", "prices", "deployments", "models", "model-qualities")
ALL = references()
PEOPLE = (*ROLES, "nobody", "superuser")
MAY_MAKE = {
    **MAY_CREATE, "limit-requests": ROLES, "call-reviews": ("owner", "admin", "developer", "reviewer"),
    "knowledge-documents": ("owner", "admin", "developer"),
}  # fmt: skip
OWNERLESS = (BedrockModel, Deployment, Route)
PAPER = "version: 1\nname: new\nmodel: nova-lite\nmessages:\n- role: user\n  text: Hello\n"


def team_of(row: Any) -> int | None:
    if type(row) in OWNERLESS:
        return None
    found = row
    for name in WAYS.get(type(row), "team_id").split("."):
        found = getattr(found, name)
    return found


@pytest.fixture
def world(world: World) -> World:
    make_person("stranger", team=world.other.team, role="owner")
    return world


class Rows:
    """What references can lead to: another team's, and what belongs to no team."""

    def __init__(self, world: World) -> None:
        other = world.other
        self.mine = new_bodies(world.mine)
        self.other: dict[Any, Any] = {
            Team: other.team.pk, Application: other.application.pk, ApiKey: other.api_key.pk, Budget: other.budget.pk,
            RateLimit: id_in(other, "rate-limits"), AuditRecord: str(other.call.pk), Prompt: set_of(other.team).prompt_id,
            TestSet: set_of(other.team).pk, KnowledgeBase: id_in(other, "knowledge-bases"), User: "stranger@example.com",
        }  # fmt: skip
        self.shared: dict[Any, Any] = {
            Prompt: make_reviewed_prompt(None, "shared").pk,
            Budget: make_budget(limit_nanos=10**12).pk,
            RateLimit: make_rate_limit(limit=10**6).pk,
            AuditRecord: str(make_call(None, None).pk),
        }
        mine = world.mine
        self.mine |= {
            "budgets": {**self.mine["budgets"], "feature": "references"},
            "limit-requests": {"budget": mine.budget.pk, "amount": "1.00", "reason": "More"},
            "prompts/import": {"team": mine.team.pk, "text": PAPER},
            "knowledge-documents": {"base": id_in(mine, "knowledge-bases")},
            "routes": {"name": "new", "targets": [{"deployment": Deployment.objects.get().pk, "weight": 1}]},
            "deployments": {"model": BedrockModel.objects.get().pk, "region": "eu-west-1"},
            "model-qualities": {"model": BedrockModel.objects.get().pk, "scope": "feature:references", "score": 0.5},
            "prices": {"deployment": Deployment.objects.get().pk, "tier": "priority", "valid_from": "2031-01-01T00:00:00Z", "input_usd": "1", "output_usd": "1"},
        }  # fmt: skip

    def values(self, reference: Reference) -> Iterator[tuple[str, Any]]:
        yield "null", None
        if reference.model in self.other:
            yield "other", self.other[reference.model]
        if reference.model in self.shared:
            yield "shared", self.shared[reference.model]


def body_of(rows: Rows, reference: Reference, value: Any) -> dict[str, Any]:
    """A request that is right but for this one reference."""
    resource = resource_of(reference.path)
    if reference.method == "patch":
        found: dict[str, Any] = {"revision": 1} if resource == "prompt-versions" else {}
    else:
        key = "prompts/import" if reference.path.endswith("/import/") else resource
        found = deepcopy(rows.mine[key])
        if resource == "limit-requests" and reference.steps[0] in ("rate_limit", "application"):
            found.pop("budget")
            found |= {"amount": "1"} if reference.steps[0] == "rate_limit" else {"model": "nova-lite"}
            found.pop("amount" if reference.steps[0] == "application" else "", None)
    *steps, last = reference.steps
    target: Any = found
    for step, after in zip(steps, reference.steps[1:], strict=True):
        empty: Any = [] if isinstance(after, int) else {}
        if isinstance(step, int):
            target = target[step] if step < len(target) else target.append(empty) or target[step]
        else:
            target = target.setdefault(step, empty)
    if isinstance(last, int):
        target[:] = [value]
    else:
        target[last] = value
    return found


def send(client: Client, world: World, reference: Reference, body: dict[str, Any]) -> Any:
    resource = resource_of(reference.path)
    if resource == "knowledge-documents" and reference.method == "post":
        file = SimpleUploadedFile("new.md", b"# New\n\nNew.")
        return client.post(f"{API}/{resource}/", {**{name: "" if each is None else each for name, each in body.items()}, "file": file})  # fmt: skip
    catalogue: dict[str, Any] = {
        "routes": Route,
        "prices": Price,
        "deployments": Deployment,
        "model-qualities": ModelQuality,
    }
    url = reference.path
    if "{" in url:
        pk = catalogue[resource].objects.get().pk if resource in catalogue else id_in(world.mine, resource)
        url = at(url, pk)
    return ask(client, reference.method, url, body)


def written(world: World, reference: Reference, answer: Any) -> Any:
    """The row that a request made or changed."""
    resource, found = resource_of(reference.path), answer.json()
    models: dict[str, Any] = {
        "applications": Application, "api-keys": ApiKey, "budgets": Budget, "rate-limits": RateLimit,
        "limit-requests": LimitRequest, "privacy-policies": PrivacyPolicy, "prompts": Prompt, "test-sets": TestSet,
        "prompt-versions": PromptVersion, "service-contracts": ServiceContract, "evaluations": Evaluation,
        "experiments": Experiment, "rollouts": Rollout, "prompt-labels": Label, "test-cases": TestCase, "cache-rules": CacheRule, "cache-purges": CachePurge,
    }  # fmt: skip
    return models[resource].objects.get(pk=found["id"]) if resource in models and "id" in found else None


def check_made(world: World, reference: Reference, who: str, kind: str, answer: Any) -> None:
    """What was let through is right."""
    row = written(world, reference, answer)
    if who != "superuser":
        may = (
            CHANGES[resource_of(reference.path)][0]
            if reference.method == "patch"
            else MAY_MAKE[resource_of(reference.path)]
        )
        assert who in may
        assert kind != "other"
        assert row is not None, "look at what this makes, too"
    if row is None:
        return
    if who != "superuser" or reference.method == "patch":
        assert team_of(row) == world.mine.team.pk
    for field in row._meta.concrete_fields:
        named = getattr(row, field.name) if field.many_to_one or field.one_to_one else None
        if named is not None and type(named) not in (User, *OWNERLESS) and hasattr(named, "owned_by"):
            assert team_of(named) in (None, team_of(row)), field.name


OF_EVERY_COMMIT = ("api-keys", "budgets", "calls", "prompts", "routes")
"""All take half a minute."""
RESOURCES = [
    pytest.param(each, marks=pytest.mark.quick) if each in OF_EVERY_COMMIT else each
    for each in sorted({resource_of(each.path) for each in ALL})
]


@pytest.mark.slow
@pytest.mark.parametrize("resource", RESOURCES)
def test_references_reach_no_further(world, resource):
    rows, clients = Rows(world), {who: world.client(who) for who in PEOPLE}
    tables = [*TABLES, CallReview, LimitRequest, Evaluation]
    for reference in (each for each in ALL if resource_of(each.path) == resource):
        before = contents(tables)
        for kind, value in rows.values(reference):
            body = body_of(rows, reference, value)
            for who, client in clients.items():
                with transaction.atomic():
                    answer = send(client, world, reference, body)
                    told = (str(reference), kind, who, answer.status_code, answer.content)
                    assert answer.status_code < 500, told
                    if answer.status_code < 300:
                        check_made(world, reference, who, kind, answer)
                        transaction.set_rollback(True)
                    else:
                        assert answer.status_code in (400, 403, 404, 405, 409), told
        assert contents(tables) == before, str(reference)


@pytest.mark.parametrize(
    "resource", sorted({resource_of(each.path) for each in ALL if each.method == "post"})
)
def test_what_is_one_s_own_is_let_through(world, resource):
    """Else the test above would show nothing."""
    rows = Rows(world)
    ServiceContract.objects.filter(prompt__team=world.mine.team).delete()
    reference = next(
        each
        for each in ALL
        if resource_of(each.path) == resource and each.method == "post" and "import" not in each.path
    )
    who = "superuser" if resource in CATALOGUE else "owner"
    answer = send(world.client(who), world, reference, deepcopy(rows.mine[resource]))
    assert answer.status_code == 201, answer.content


def test_every_other_field_that_holds_ids_is_looked_at():
    assert plain_ids() - {
        ("patch", "/knowledge-bases/{id}/", "bedrock_id"), ("post", "/knowledge-bases/", "bedrock_id"),
        ("patch", "/models/{id}/", "model_id"), ("post", "/models/", "model_id"),
        ("patch", "/routes/{id}/", "shadow_budget"), ("post", "/routes/", "shadow_budget"),
        ("patch", "/models/{id}/", "count_tokens_id"), ("post", "/models/", "count_tokens_id"),
    } == {
        ("patch", "/knowledge-documents/{id}/", "applications"),
        ("post", "/knowledge-documents/", "applications"),
        ("post", "/knowledge-bases/{id}/search/", "application"),
        ("post", "/redaction/preview", "policy"),
        ("post", "/test-sets/{id}/from-calls/", "call_ids"),
    }  # fmt: skip


def test_ids_within_bodies_reach_no_further(world):
    mine, other = world.mine, world.other
    rows = Rows(world)
    binding = {per: make_budget(limit_nanos=10**12, per=per, feature=per).pk for per in ("team", "application", "api_key")}  # fmt: skip
    own = {
        name: id_in(mine, name)
        for name in ("rollouts", "knowledge-documents", "knowledge-bases", "test-sets")
    }
    ids = {"team": other.team.pk, "application": other.application.pk, "api_key": other.api_key.pk}
    tries: list[tuple[str, str, dict[str, Any]]] = [
        ("patch", f"rollouts/{own['rollouts']}/", {"segment": {"applications": [other.application.pk]}}),
        ("patch", f"rollouts/{own['rollouts']}/", {"segment": {"teams": [other.team.pk]}}),
        ("post", "rollouts/", {**rows.mine["rollouts"], "segment": {"applications": [other.application.pk]}}),
        ("patch", f"knowledge-documents/{own['knowledge-documents']}/", {"applications": [other.application.pk]}),
        ("post", f"knowledge-bases/{own['knowledge-bases']}/search/", {"question": "x", "application": other.application.pk}),
        ("post", f"test-sets/{own['test-sets']}/from-calls/", {"call_ids": [str(other.call.pk)], "variable": "question"}),
        ("post", "redaction/preview", {"text": "x", "policy": id_in(other, "privacy-policies")}),
        *(("post", "limit-requests/", {"budget": pk, "amount": "1.00", "reason": "x", "subject": str(ids[per])}) for per, pk in binding.items()),
    ]  # fmt: skip
    before = contents(TABLES)
    for who in (*ROLES, "nobody"):
        client = world.client(who)
        for method, path, body in tries:
            answer = ask(client, method, f"{API}/{path}", body)
            assert answer.status_code in (400, 403, 404), (who, path, body, answer.content)
    assert contents(TABLES) == before


def test_a_team_s_channel_stays_the_team_s(world):
    """One of all teams would hear of every team's budgets."""
    channel = world.mine.team.alert_channels.get()
    for who in ("owner", "admin", "superuser"):
        answer = ask(world.client(who), "patch", f"{API}/alert-channels/{channel.pk}/", {"team": None})
        assert answer.status_code == 400
        assert "can't be changed" in answer.json()["team"][0]
    channel.refresh_from_db()
    assert channel.team == world.mine.team


ODD = (
    "1e400",
    "-1e400",
    "1.5",
    "true",
    "9" * 40,
    "[]",
    "[1]",
    "{}",
    '{"id": 1}',
    '"\\u0000"',
    '"1\\u0000"',
    '"\\ud800"',
    '"x"',
)


@pytest.mark.slow
@pytest.mark.parametrize("resource", RESOURCES)
def test_what_is_no_id_is_refused(world, resource):
    """By a superuser, too, and wherever rows are named: it is never a fault of ours, and never another row's id."""
    rows = Rows(world)
    clients = [world.client(who) for who in ("owner", "superuser")]
    for reference in (each for each in ALL if resource_of(each.path) == resource and "file" not in each.path):
        if resource == "knowledge-documents" and reference.method == "post":
            continue  # a form, whose values are all text
        body = json.dumps(body_of(rows, reference, "HERE"))
        catalogue: dict[str, Any] = {
            "routes": Route,
            "prices": Price,
            "deployments": Deployment,
            "model-qualities": ModelQuality,
        }
        pk = (
            catalogue[resource].objects.get().pk
            if resource in catalogue
            else id_in(world.mine, resource)
            if "{" in reference.path
            else ""
        )
        for odd in ODD:
            for client in clients:
                answer = client.generic(
                    reference.method.upper(),
                    at(reference.path, pk),
                    body.replace('"HERE"', odd),
                    "application/json",
                )
                assert answer.status_code in (400, 403), (str(reference), odd, answer.content)
