"""The management API for tests: its endpoints as its own schema lists them, and JSON in and out."""

import json
from typing import Any

from django.http import HttpResponse
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from governance.models import Alert, Delivery, RawAccess
from prompts.models import Experiment, KnowledgeDocument, Label, LabelMove, Prompt, PromptVersion, Rollout
from tests.integration.admin_world import TeamWorld
from tests.integration.prompt_world import set_of

API = "/api/v1"
CATALOG = ("models", "deployments", "prices", "routes")
REPORTS = ("usage", "reconciliation", "redaction", "screening")
"""What has no objects: tests of its own try what is another team's."""
OF_TEAMS = (
    "teams",
    "memberships",
    "applications",
    "api-keys",
    "budgets",
    "rate-limits",
    "limit-requests",
    "grants",
    "alert-channels",
    "alerts",
    "deliveries",
    "calls",
    "feedback",
    "team-keys",
    "raw-accesses",
    "privacy-policies",
    "prompts",
    "prompt-versions",
    "prompt-labels",
    "label-moves",
    "review-rules",
    "experiments",
    "rollouts",
    "test-sets",
    "test-cases",
    "evaluations",
    "evaluation-results",
    "service-contracts",
    "contract-breaches",
    "knowledge-bases",
    "knowledge-documents",
)
OF_CONTENT = ("test-sets", "test-cases", "evaluations", "evaluation-results", "knowledge-documents")
"""What holds words of calls, or answers: for those who may read them."""


def endpoints() -> list[tuple[str, str]]:
    """Every method and path of the schema."""
    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    return [
        (method, path) for path, methods in paths.items() for method in methods if path.startswith(API + "/")
    ]


def resource_of(path: str) -> str:
    """The resource a path is of."""
    return path.removeprefix(API + "/").split("/")[0]


def id_in(team: TeamWorld, resource: str) -> Any:
    """The id of what a team has of a resource."""
    own = {
        "teams": team.team,
        "memberships": team.team.memberships.first(),
        "applications": team.application,
        "api-keys": team.api_key,
        "budgets": team.budget,
        "rate-limits": team.team.ratelimits.first(),
        "limit-requests": team.team.limit_requests.first(),
        "alert-channels": team.team.alert_channels.first(),
        "alerts": Alert.objects.filter(window__budget=team.budget).first(),
        "deliveries": Delivery.objects.filter(channel__team=team.team).first(),
        "grants": team.budget.grants.first(),
        "calls": team.call,
        "feedback": team.team.feedback.first(),
        "team-keys": team.team.data_keys.first(),
        "raw-accesses": RawAccess.objects.filter(team=team.team).first(),
        "privacy-policies": team.team.privacy_policies.first(),
        "prompts": team.team.prompts.first(),
        "prompt-versions": PromptVersion.objects.filter(prompt__team=team.team).first(),
        "prompt-labels": Label.objects.filter(prompt__team=team.team).first(),
        "label-moves": LabelMove.objects.filter(prompt__team=team.team).first(),
        "review-rules": team.team.review_rules.first(),
        "experiments": Experiment.objects.filter(prompt__team=team.team).first(),
        "rollouts": Rollout.objects.filter(prompt__team=team.team).first(),
        "test-sets": set_of(team.team),
        "test-cases": set_of(team.team).cases.first(),
        "evaluations": set_of(team.team).evaluations.first(),
        "evaluation-results": set_of(team.team).evaluations.get().results.first(),
        "service-contracts": set_of(team.team).prompt.service_contract,
        "contract-breaches": set_of(team.team).prompt.service_contract.breaches.first(),
        "knowledge-bases": team.team.knowledge_bases.first(),
        "knowledge-documents": KnowledgeDocument.objects.filter(base__team=team.team).first(),
    }[resource]
    return own.pk


def at(path: str, pk: Any) -> str:
    """A path of the schema with an id in it."""
    return path.replace("{id}", str(pk)).replace("{call_id}", str(pk))


def ask(client: Client, method: str, path: str, body: Any = None) -> HttpResponse:
    """One request with a JSON body."""
    if method == "get":
        return client.get(path)
    return client.generic(method.upper(), path, "" if body is None else json.dumps(body), "application/json")


def ids(client: Client, resource: str, query: str = "") -> list[Any]:
    """The ids on the first page of a resource."""
    answer = client.get(f"{API}/{resource}/{query}")
    assert answer.status_code == 200, answer.content
    return [row.get("id", row.get("call_id")) for row in answer.json()["results"]]


def new_bodies(team: TeamWorld) -> dict[str, dict[str, Any]]:
    """What it takes to make one of each in a team."""
    prompt = team.team.prompts.filter(name__endswith="-prompt").values_list("pk", flat=True).first()
    return {
        "memberships": {"team": team.team.pk, "email": "nobody@example.com", "role": "viewer"},
        "applications": {"team": team.team.pk, "name": "new"},
        "api-keys": {"application": team.application.pk, "name": "new"},
        "budgets": {"team": team.team.pk, "limit_usd": "10"},
        "alert-channels": {"team": team.team.pk, "name": "x", "kind": "email", "target": "x@example.com"},
        "rate-limits": {"team": team.team.pk, "metric": "requests", "period": "hour", "limit": 10},
        "privacy-policies": {"team": team.team.pk, "application": team.application.pk},
        "prompts": {"team": team.team.pk, "name": "new"},
        "prompt-versions": {"prompt": _prompt(team).pk},
        "prompt-labels": {"prompt": _prompt(team).pk, "name": "staging", "version": 1},
        "review-rules": {"team": team.team.pk, "name": "new"},
        "experiments": {
            "prompt": prompt, "name": "New", "label": "production",
            "arms": [{"name": "one", "version": 1}, {"name": "two", "version": 2}],
        },
        "rollouts": {"prompt": prompt, "label": "production", "version": 2},
        "test-sets": {"team": team.team.pk, "prompt": set_of(team.team).prompt_id, "name": "new"},
        "test-cases": {"test_set": set_of(team.team).pk, "variables": {"question": "x"}},
        "evaluations": {"test_set": set_of(team.team).pk, "candidates": [{"version": 1}], "cap_usd": "1"},
        "service-contracts": {"prompt": set_of(team.team).prompt_id, "p95_ms": 500},
        "knowledge-bases": {"team": team.team.pk, "name": "new", "route": "nova-lite", "dimensions": 256},
    }  # fmt: skip


def _prompt(team: TeamWorld) -> Prompt:
    prompt = team.team.prompts.first()
    assert prompt is not None
    return prompt
