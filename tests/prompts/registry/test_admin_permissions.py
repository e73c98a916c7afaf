"""The pages of prompts in the admin are closed to other teams, page by page, and to who only sees."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Team
from prompts.evaluations.models import Evaluation, TestCase, TestSet
from prompts.knowledge.models import ContextSource, KnowledgeBase, KnowledgeDocument
from prompts.registry.models import LabelMove, Prompt, ReviewRule
from prompts.rollout.models import Experiment, Rollout, ServiceContract
from tests.prompts.registry.factories import make_reviewed_prompt
from tests.prompts.registry.pages import mine, url
from tests.tables import contents
from tests.world import ROLES

pytestmark = pytest.mark.django_db
admin.autodiscover()
MODELS = list(apps.get_app_config("prompts").get_models())
PAGES = [model for model in admin.site._registry if model._meta.app_label == "prompts"]
EDITORS = ("owner", "admin", "developer")
ACTIONS = {
    "prompts_prompt_do": ("on", "off", "archive", "restore", "draft"),
    "prompts_prompt_labels": ("move", "roll_back", "take_away", "protect", "unprotect"),
    "prompts_prompt_version-do": ("approve", "request_changes", "comment", "resolve", "submit", "take_back", "withdraw", "delete"),
}  # fmt: skip
POSTED = {
    "post": "yes", "label": "production", "number": "2", "comment": "x", "text": "version: {}", "revision": "1", "name": "taken", "reason": "x",
    "confirm": "yes", "add": "1", "remove": "1", "case": "1", "query": "x", "id": "1",
}  # fmt: skip


def object_of(model: Any, team: Team) -> Any:
    """What a team has of a model that has pages."""
    own = {
        Prompt: lambda: Prompt.objects.get(team=team, name="greeting"),
        ReviewRule: lambda: team.review_rules.get(),
        ContextSource: lambda: team.context_sources.get(),
        Experiment: lambda: Experiment.objects.get(prompt__team=team),
        Rollout: lambda: Rollout.objects.get(prompt__team=team),
        TestSet: lambda: TestSet.objects.get(team=team),
        Evaluation: lambda: Evaluation.objects.get(test_set__team=team),
        ServiceContract: lambda: ServiceContract.objects.get(prompt__team=team),
        KnowledgeBase: lambda: KnowledgeBase.objects.get(team=team),
        KnowledgeDocument: lambda: KnowledgeDocument.objects.get(base__team=team),
    }
    return own[model]()


def pages_of(model: Any, team: Team) -> Iterator[tuple[str, str]]:
    """(name, address) of every page that the admin of a model has for one object: a new page is among them by itself."""
    thing = object_of(model, team)
    other = {
        "number": 3,
        "before": 1,
        "after": 2,
        "case_id": getattr(TestCase.objects.filter(test_set__team=team).first(), "pk", 0),
    }
    for pattern in admin.site._registry[model].get_urls():
        names = list(pattern.pattern.converters)
        if pattern.name is None or not names:
            continue  # Django's redirect of old addresses; lists, and forms for new ones
        arguments = {name: thing.pk if number == 0 else other[name] for number, name in enumerate(names)}
        for value in (1, 2, 3) if "number" in names else (3,):
            yield (
                pattern.name,
                reverse(
                    f"admin:{pattern.name}",
                    kwargs=arguments | ({"number": value} if "number" in names else {}),
                ),
            )


def everything() -> dict[str, str]:
    return contents([*MODELS, LogEntry])


def posts(client: Client, name: str, address: str) -> Iterator[Any]:
    for action in ACTIONS.get(name, ("resume",)):
        yield client.post(address, {**POSTED, "action": action})


def stays_closed(answer: Any) -> bool:
    """Not there, not allowed, or, where Django's own page finds nothing, back to the start."""
    return answer.status_code in (403, 404) or (
        answer.status_code == 302 and answer["Location"] == reverse("admin:index")
    )


def test_every_model_with_pages_is_looked_at(world):
    for model in PAGES:
        names = {name for name, _ in pages_of(model, world.other.team)}
        assert any(name.endswith("_change") for name in names), model
    assert {name.rpartition("_")[2] for name, _ in pages_of(Prompt, world.other.team)} == {
        "change", "settings", "do", "labels", "version", "draft", "yaml", "version-do", "diff", "playground", "case", "delete", "history",
    }  # fmt: skip


@pytest.mark.parametrize("model", PAGES, ids=lambda model: model.__name__)
def test_the_pages_of_another_team_stay_closed(world, model):
    before = everything()
    for role in (*ROLES, "nobody"):
        client = world.client(role)
        for name, address in pages_of(model, world.other.team):
            for answer in (client.get(address), *posts(client, name, address)):
                assert stays_closed(answer), (role, address, answer.status_code)
    assert everything() == before


@pytest.mark.parametrize("model", PAGES, ids=lambda model: model.__name__)
def test_what_one_only_sees_one_does_not_change(world, model):
    """An owner of one team, who in the other may look at figures, or review."""
    for role in ("viewer", "reviewer"):
        Membership.objects.update_or_create(
            user=world.people["owner"], team=world.other.team, defaults={"role": role}
        )
        client = world.client("owner")
        before = everything()
        for name, address in pages_of(model, world.other.team):
            if role == "reviewer" and name == "prompts_prompt_version-do":
                continue  # a review is theirs to give
            if name.endswith(("_history", "_progress", "_search")):
                continue  # only ever read
            for answer in posts(client, name, address):
                assert answer.status_code < 500, (role, address)
        assert everything() == before, role


@pytest.mark.parametrize("model", PAGES, ids=lambda model: model.__name__)
def test_nothing_is_made_for_another_team(world, model):
    before = everything()
    own = object_of(model, world.other.team)
    body = {
        "team": world.other.team.pk, "name": "stolen", "prompt": getattr(own, "prompt_id", None) or Prompt.objects.filter(team=world.other.team).first().pk,
        "approvals": 1, "kind": "text", "text": "x", "most_rows": 1, "timeout_ms": 100, "cache_seconds": 0, "on_failure": "refuse", "route": "nova-lite",
        "dimensions": 256, "floor": 0.5, "top_k": 5, "max_tokens": 100, "assertions": "[]", "pass_percent": 100, "p95_ms": 10, "label": "production",
        "version": 2, "window_minutes": 60, "minimum_calls": 20, "description": "", "tags": "", "fallback": "",
    }  # fmt: skip
    for role in (*ROLES, "nobody"):
        answer = world.client(role).post(
            reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_add"), body
        )
        assert answer.status_code in (200, 403, 404, 405), (role, answer.status_code)
    assert everything() == before


@pytest.mark.parametrize("who", [*ROLES, "nobody", "superuser"])
def test_shared_prompts_are_seen_by_all_and_changed_by_superusers(world, who):
    shared = make_reviewed_prompt(None, "shared")
    client = world.client(who)
    assert client.get(url(shared)).status_code == 200
    assert client.get(url(shared, "version", 1)).status_code == 200
    answer = client.post(url(shared, "do"), {"action": "archive"})
    assert answer.status_code == (302 if who == "superuser" else 403)
    assert client.get(url(shared, "draft", 3)).status_code == (200 if who == "superuser" else 403)
    assert client.post(url(shared, "labels"), {"action": "take_away", "label": "production"}).status_code == (302 if who == "superuser" else 403)  # fmt: skip


# --- who may do what in one's own team ---


@pytest.mark.parametrize("role", ROLES)
def test_each_page_opens_for_those_it_is_for(world, role):
    client, prompt = world.client(role), mine(world)
    for page, args, who in (
        ("change", (), ROLES), ("version", (2,), ROLES), ("yaml", (1,), ROLES), ("diff", (1, 2), ROLES), ("history", (), ROLES),
        ("draft", (3,), EDITORS), ("playground", (), EDITORS),
    ):  # fmt: skip
        answer = client.get(url(prompt, page, *args))
        assert (answer.status_code == 200) == (role in who), (page, answer.status_code)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("page", "args", "posted", "who"),
    [
        ("do", (), {"action": "archive"}, EDITORS),
        ("do", (), {"action": "draft", "number": "1"}, EDITORS),
        ("labels", (), {"action": "move", "label": "staging", "number": "1"}, EDITORS),
        ("labels", (), {"action": "take_away", "label": "production"}, ("owner", "admin")),
        ("labels", (), {"action": "unprotect", "label": "production"}, ("owner", "admin")),
        ("version-do", (2,), {"action": "approve"}, (*EDITORS, "reviewer")),
        ("version-do", (2,), {"action": "comment", "comment": "Why?"}, (*EDITORS, "reviewer")),
        ("version-do", (2,), {"action": "take_back"}, EDITORS),
        ("version-do", (2,), {"action": "withdraw"}, EDITORS),
        ("version-do", (3,), {"action": "delete"}, EDITORS),
        ("yaml", (3,), {"text": "model: nova-lite", "revision": "1"}, EDITORS),
        ("settings", (), {"description": "changed", "tags": "", "fallback": ""}, EDITORS),
    ],
    ids=lambda value: value.get("action") if isinstance(value, dict) else None,
)  # fmt: skip
def test_who_does_what(world, role, page, args, posted, who):
    before = everything()
    answer = world.client(role).post(url(mine(world), page, *args), posted)
    assert answer.status_code == (302 if role in who else 403)
    if role not in who:
        assert everything() == before


def test_addresses_that_lead_nowhere(world):
    client, prompt = world.client("owner"), mine(world)
    for page, args in (
        ("version", (99,)),
        ("draft", (99,)),
        ("yaml", (99,)),
        ("diff", (1, 99)),
        ("version", (10**30,)),
    ):
        assert client.get(url(prompt, page, *args)).status_code == 404
    assert client.get(url(prompt, "playground") + "?version=99").status_code == 404
    assert client.get(url(prompt, "playground") + "?version=x&compare=%00").status_code == 200
    assert client.get(url(prompt, "do")).status_code == 403
    assert client.get(reverse("admin:prompts_prompt_change", args=[10**30])).status_code == 404
    for number in ("x", "", "9" * 40, "-1"):
        before = LabelMove.objects.count()
        assert (
            client.post(url(prompt, "labels"), {"action": "move", "label": "x", "number": number}).status_code
            == 404
        )
        assert LabelMove.objects.count() == before
    for posted in ({"action": "nothing"}, {}, {"action": "resolve", "id": "9" * 40}):
        assert client.post(url(prompt, "version-do", 2), posted).status_code == 302


# --- the editor ---
