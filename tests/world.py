"""Two teams with everything in them, and people in each role, for the tests of the admin."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.test import Client

from accounts.models import ApiKey, Application, Team, User
from gateway.catalogue.models import ModelQuality
from governance.limits.models import Budget
from governance.records.models import AuditRecord
from governance.records.services.team_keys import live_key
from kernel.ids import new_id
from tests.accounts.factories import make_application, make_key, make_person, make_superuser, make_team
from tests.gateway.cache.factories import make_cache_rule, make_entry, make_pair, make_purge
from tests.gateway.catalogue.factories import make_deployment, make_model, make_route
from tests.gateway.costs.factories import make_scenario
from tests.governance.alerts.factories import make_alert, make_channel, make_delivery
from tests.governance.limits.factories import (
    DOLLAR,
    make_budget,
    make_grant,
    make_rate_limit,
    make_request,
    make_window,
)
from tests.governance.privacy.factories import make_policy
from tests.governance.records.factories import make_call, make_content, make_known_person, make_raw_access
from tests.governance.reviews.factories import make_feedback, make_review
from tests.prompts.evaluations.factories import make_evaluation, make_result, make_set
from tests.prompts.knowledge.factories import make_base, make_document, make_source
from tests.prompts.registry.factories import make_prompt, make_reviewed_prompt, make_rule
from tests.prompts.rollout.factories import make_breach, make_contract, make_experiment, make_rollout

ROLES = ("owner", "admin", "developer", "reviewer", "viewer")
SECRET_WORDS = "the-words-of-the-model"


@dataclass
class TeamWorld:
    """One team and what is its own."""

    team: Team
    application: Application
    api_key: ApiKey
    key_text: str
    budget: Budget
    call: AuditRecord


@dataclass
class World:
    """Mine, where the people have their roles, and another one where they have none."""

    mine: TeamWorld
    other: TeamWorld
    superuser: User
    people: dict[str, User] = field(default_factory=dict)
    route: Any = None

    def client(self, who: str) -> Client:
        """A browser in which somebody is signed in."""
        client = Client()
        client.force_login(self.superuser if who == "superuser" else self.people[who])
        return client


def make_team_world(name: str) -> TeamWorld:
    """A team with an application, a key, a budget half spent, a call with content, and one of everything else."""
    team = make_team(name)
    application = make_application(team, f"{name} app")
    key = make_key(application)
    budget = _limits(team)
    make_policy(team, entities=("EMAIL_ADDRESS",))
    _prompts(team)
    call = _call(team, application, key.api_key)
    make_document(make_base(team, route="nova-lite", floor=0.7), text=f"Thirty days, says {name}.")
    _cache(team)
    return TeamWorld(team, application, key.api_key, key.text, budget, call)


def _cache(team: Team) -> None:
    """A rule, an answer under it with two questions that were taken for the same, and a purge of something else."""
    entry = make_entry(team, f"Five days, says {team.name}.", rule=make_cache_rule(team, is_enabled=False))
    make_pair(team, entry=entry)
    make_purge(team, route="elsewhere")


def _limits(team: Team) -> Budget:
    """A budget half spent, with an alert of it, a request for more and a grant, and a rate limit."""
    budget = make_budget(team, limit_nanos=100 * DOLLAR)
    window = make_window(budget, spent_nanos=50 * DOLLAR)
    make_rate_limit(team)
    make_scenario(team)
    make_delivery(make_channel(team), make_alert(window))
    make_request(budget)
    make_grant(budget, lasts=timedelta(days=9))
    return budget


def _call(team: Team, application: Application, api_key: ApiKey) -> AuditRecord:
    """A call with content, which people have judged and read, and the team's key for such."""
    call = make_call(team, application, api_key=api_key)
    words = f"{SECRET_WORDS} {team.name}"
    make_content(call, "Mail <EMAIL_ADDRESS_3f2a9c>", words)
    make_feedback(team, call.pk, helpful=False, comment=words)
    make_raw_access(call)
    make_review(team, new_id())
    live_key(team.pk)
    make_known_person(team, name=f"Jane of {team.name}")
    return call


def _prompts(team: Team) -> None:
    """Three prompts: one in review, one with an experiment and a rollout not yet started, and one that was tested."""
    make_reviewed_prompt(team)
    make_rule(team)
    make_source(team)
    name = team.name.lower()
    shared_out = make_prompt(team, f"{name}-prompt", versions=2, label="production")
    make_experiment(shared_out, name=f"{team.name} experiment")
    make_rollout(shared_out)
    tested = make_prompt(team, f"support-{name}")
    test_set = make_set(team, tested, name=f"Questions of {team.name}")
    evaluation = make_evaluation(test_set, state="stopped", reason="cap", passed=0)
    make_result(evaluation, test_set.cases.first(), verdict="failed", output=f"words of {team.name}")
    make_breach(make_contract(tested))


def make_world() -> World:
    """Both teams, a superuser, a person in each role of the first team, and one route."""
    world = World(mine=make_team_world("Mine"), other=make_team_world("Other"), superuser=make_superuser())
    for role in ROLES:
        world.people[role] = make_person(role, team=world.mine.team, role=role, name=f"The {role}")
    world.people["nobody"] = make_person("nobody")
    model = make_model(context_window=1)
    world.route = make_route("nova-lite", make_deployment(model))
    ModelQuality.objects.create(model=model, score=0.5)
    return world
