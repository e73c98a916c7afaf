"""The management API for tests: its endpoints as its own schema lists them, and JSON in and out."""

import json
from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from gateway.cache.models import CacheEntry, CachePair, CachePurge
from gateway.catalogue.models import CacheRule
from governance.alerts.models import Alert, Delivery
from governance.records.models import RawAccess
from prompts.knowledge.models import KnowledgeDocument
from prompts.registry.models import Label, LabelMove, Prompt, PromptVersion
from prompts.rollout.models import Experiment, Rollout
from tests.prompts.evaluations.factories import set_of
from tests.world import TeamWorld

API = "/api/v1"
CATALOG = (
    "models", "deployments", "prices", "routes", "provider-accounts", "discovered", "discovery-lists", "model-matrix", "model-news",
    "routing-rules", "model-qualities",
)  # fmt: skip
REPORTS = ("usage", "reconciliation", "redaction", "screening", "ending-models", "routing", "cache-usage")
"""What has no objects: tests of its own try what is another team's."""
OF_TEAMS = (
    "teams",
    "memberships",
    "applications",
    "api-keys",
    "budgets",
    "cost-scenarios",
    "rate-limits",
    "limit-requests",
    "grants",
    "alert-channels",
    "alerts",
    "deliveries",
    "calls",
    "call-reviews",
    "feedback",
    "team-keys",
    "known-people",
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
    "context-sources",
    "knowledge-bases",
    "knowledge-documents",
    "cache-rules",
    "cache-entries",
    "cache-purges",
    "cache-pairs",
)
OF_CONTENT = (
    "call-reviews",
    "test-sets",
    "test-cases",
    "evaluations",
    "evaluation-results",
    "knowledge-documents",
    "context-sources",
    "cache-entries",
    "cache-pairs",
)
"""What holds words of calls, or answers: for those who may read them."""
HIDDEN_FROM = {"viewer": {*OF_CONTENT, "known-people"}}
"""What a role does not see in its own team."""


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
    own: dict[str, Callable[[], Any]] = {
        "teams": lambda: team.team,
        "memberships": lambda: team.team.memberships.first(),
        "applications": lambda: team.application,
        "api-keys": lambda: team.api_key,
        "budgets": lambda: team.budget,
        "cost-scenarios": lambda: team.team.cost_scenarios.first(),
        "rate-limits": lambda: team.team.ratelimits.first(),
        "limit-requests": lambda: team.team.limit_requests.first(),
        "alert-channels": lambda: team.team.alert_channels.first(),
        "alerts": lambda: Alert.objects.filter(window__budget=team.budget).first(),
        "deliveries": lambda: Delivery.objects.filter(channel__team=team.team).first(),
        "grants": lambda: team.budget.grants.first(),
        "calls": lambda: team.call,
        "call-reviews": lambda: team.team.call_reviews.first(),
        "feedback": lambda: team.team.feedback.first(),
        "team-keys": lambda: team.team.data_keys.first(),
        "known-people": lambda: team.team.known_people.first(),
        "raw-accesses": lambda: RawAccess.objects.filter(team=team.team).first(),
        "privacy-policies": lambda: team.team.privacy_policies.first(),
        "prompts": lambda: team.team.prompts.first(),
        "prompt-versions": lambda: PromptVersion.objects.filter(prompt__team=team.team).first(),
        "prompt-labels": lambda: Label.objects.filter(prompt__team=team.team).first(),
        "label-moves": lambda: LabelMove.objects.filter(prompt__team=team.team).first(),
        "review-rules": lambda: team.team.review_rules.first(),
        "experiments": lambda: Experiment.objects.filter(prompt__team=team.team).first(),
        "rollouts": lambda: Rollout.objects.filter(prompt__team=team.team).first(),
        "test-sets": lambda: set_of(team.team),
        "test-cases": lambda: set_of(team.team).cases.first(),
        "evaluations": lambda: set_of(team.team).evaluations.first(),
        "evaluation-results": lambda: set_of(team.team).evaluations.get().results.first(),
        "service-contracts": lambda: set_of(team.team).prompt.service_contract,
        "contract-breaches": lambda: set_of(team.team).prompt.service_contract.breaches.first(),
        "context-sources": lambda: team.team.context_sources.first(),
        "knowledge-bases": lambda: team.team.knowledge_bases.first(),
        "knowledge-documents": lambda: KnowledgeDocument.objects.filter(base__team=team.team).first(),
        "cache-rules": lambda: CacheRule.objects.get(team=team.team),
        "cache-entries": lambda: CacheEntry.objects.get(team=team.team),
        "cache-purges": lambda: CachePurge.objects.filter(team=team.team).first(),
        "cache-pairs": lambda: CachePair.objects.get(team=team.team),
    }
    return own[resource]().pk


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
        "known-people": {"team": team.team.pk, "tag": "john.roe@example.com", "name": "John Roe"},
        "call-reviews": {"call_id": str(team.call.pk), "verdict": "good"},
        "api-keys": {"application": team.application.pk, "name": "new"},
        "cost-scenarios": {
            "team": team.team.pk, "name": "new", "choice": {"routes": ["nova-lite"]},
            "scenario": {"calls": 1, "kinds": [{"name": "chat", "share": "1", "input_tokens": 1, "output_tokens": 1}]},
        },
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
        "context-sources": {"team": team.team.pk, "name": "rules", "text": "Be kind."},
        "knowledge-bases": {"team": team.team.pk, "name": "new", "route": "nova-lite", "dimensions": 256},
        "cache-rules": {"team": team.team.pk, "name": f"new {team.team.name}", "prompt": prompt},
        "cache-purges": {"team": team.team.pk, "route": "nova-lite", "reason": "It was wrong."},
    }  # fmt: skip


def _prompt(team: TeamWorld) -> Prompt:
    prompt = team.team.prompts.first()
    assert prompt is not None
    return prompt
