"""A route is named in many places by its name alone. Renamed, it would be missed there without a word: a budget for its calls
would hold for none, a fall-back would lead nowhere. So the name of one that is named stays, and an alias is added to it."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import ApiKey
from gateway.catalogue.models import Route, RoutingRule
from governance.limits.models import Budget, Grant, RateLimit
from governance.privacy.models import PrivacyPolicy
from prompts.knowledge.models import KnowledgeBase
from prompts.registry.models import PromptVersion
from prompts.rollout.models import Arm

_MAX_SHOWN = 4


def why_not_renamed(route: Route, name: str) -> str:
    """Why a route can't have a new name: what names it by the old one. "" where it can."""
    old = Route.objects.filter(pk=route.pk).values_list("name", flat=True).first()
    if old is None or old == name:
        return ""
    if namers := [f"{count} {what}" for what, count in _naming(old) if count]:
        more = len(namers) - _MAX_SHOWN
        shown = ", ".join(namers[:_MAX_SHOWN]) + (f", and {more} more" if more > 0 else "")
        return f"“{old}” is named by others, who would miss it: {shown}. Add “{name}” to its aliases: callers may use either."
    return ""


def _naming(name: str) -> Iterator[tuple[str, int]]:
    rows: dict[tuple[str, str], QuerySet[Any]] = {
        ("route that falls back to it", "routes that fall back to it"): Route.objects.filter(
            fallbacks__contains=[name]
        ),
        ("route with it as its shadow", "routes with it as their shadow"): Route.objects.filter(
            shadow_route=name
        ),
        ("routing rule", "routing rules"): RoutingRule.objects.filter(routes__contains=[name]),
        ("budget", "budgets"): Budget.objects.filter(
            Q(model=name) | Q(cheaper_model=name) | Q(feature=f"shadow:{name}")
        ),
        ("rate limit", "rate limits"): RateLimit.objects.filter(model=name),
        ("grant", "grants"): Grant.objects.filter(model=name, revoked_at=None, ends_at__gt=timezone.now()),
        ("API key", "API keys"): ApiKey.objects.filter(allowed_models__contains=[name], revoked_at=None),
        ("privacy policy", "privacy policies"): PrivacyPolicy.objects.filter(other_model=name),
        ("knowledge base", "knowledge bases"): KnowledgeBase.objects.filter(route=name),
        ("version of a prompt", "versions of prompts"): PromptVersion.objects.filter(
            Q(document__model=name) | Q(document__fallbacks__contains=[name])
        ),
        ("arm of an experiment", "arms of experiments"): Arm.objects.filter(model=name),
    }
    for (one, many), found in rows.items():
        count = found.count()
        yield (one if count == 1 else many), count
