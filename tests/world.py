"""Two teams with everything in them, and people in each role, for the tests of the admin."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.test import Client

from accounts.models import ApiKey, Application, Membership, Team, User
from accounts.services.api_keys import create_key
from gateway.catalogue.models import Deployment, Model, Price, Route, RouteTarget
from governance.alerts.models import Alert, AlertChannel, Delivery
from governance.limits.models import Budget, BudgetWindow, Grant, LimitRequest, RateLimit
from governance.limits.policy.windows import window_of
from governance.privacy.models import PrivacyPolicy, RedactionRule
from governance.records.models import AuditContent, AuditRecord, RawAccess
from governance.records.services.team_keys import live_key
from governance.reviews.models import CallReview, Feedback
from kernel.clock import utc_now
from kernel.ids import new_id
from prompts.knowledge.models import Chunk, ContextSource, KnowledgeBase, KnowledgeDocument, VersionContent
from prompts.knowledge.services.knowledge import Incoming, put_document
from prompts.registry.models import Label, Prompt, PromptVersion, ReviewRule
from prompts.registry.policy.document import Document, PromptMessage, Variable
from prompts.registry.services.labels import move_label
from prompts.registry.services.prompts import create_prompt, new_draft, save_draft
from prompts.rollout.models import Arm, Experiment, Rollout
from tests.prompts.factories import make_prompt_world

ROLES = ("owner", "admin", "developer", "reviewer", "viewer")
SECRET_WORDS = "the-words-of-the-model"
DOLLAR = 1_000_000_000


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


def make_call(team: Team | None, application: Application | None, **fields: Any) -> AuditRecord:
    """A call that succeeded, unless told otherwise."""
    values: dict[str, Any] = {
        "call_id": new_id(), "started_at": utc_now(), "team": team, "application": application,
        "wire_format": "openai", "is_stream": False, "status": "succeeded", "http_status": 200,
        "requested_model": "nova-lite", "route": "nova-lite", "model": "amazon.nova-lite-v1:0", "region": "us-east-1",
        "input_tokens": 100, "output_tokens": 20, "cost_nanos": 1_500_000, "duration_ms": 840.0,
        "stages": [["authenticate", 0.02, "ok"], ["invoke", 839.0, "ok"]],
    }  # fmt: skip
    return AuditRecord.objects.create(**{**values, **fields})


def make_team(name: str) -> TeamWorld:
    """A team with an application, a key, a budget half spent and a call with content."""
    team = Team.objects.create(name=name)
    application = Application.objects.create(team=team, name=f"{name} app")
    new = create_key(application=application, name="production")
    budget = Budget.objects.create(team=team, limit_nanos=100 * DOLLAR)
    window = window_of(budget_id=budget.pk, period=budget.period, time_zone="UTC", now=utc_now())
    row = BudgetWindow.objects.create(
        budget=budget, starts_at=window.starts_at, ends_at=window.ends_at, spent_nanos=50 * DOLLAR
    )
    RateLimit.objects.create(team=team, metric="requests", period="minute", limit=100)
    now = utc_now()
    channel = AlertChannel.objects.create(team=team, name="Mail", kind="email", target="team@example.com")
    alert = Alert.objects.create(window=row, threshold=50, spent_nanos=50 * DOLLAR, limit_nanos=100 * DOLLAR)
    Delivery.objects.create(channel=channel, alert=alert, next_attempt_at=now, state="delivered")
    LimitRequest.objects.create(
        team=team, budget=budget, amount=DOLLAR, reason="More", ends_at=now + timedelta(days=9)
    )
    Grant.objects.create(budget=budget, amount=DOLLAR, starts_at=now, ends_at=now + timedelta(days=9))
    RedactionRule.objects.create(policy=PrivacyPolicy.objects.create(team=team), entity="EMAIL_ADDRESS")
    make_prompt(team)
    call = make_call(team, application, api_key=new.api_key)
    live_key(team.pk)
    Feedback.objects.create(call_id=call.pk, team=team, helpful=False, comment=f"{SECRET_WORDS} {name}")
    _make_traffic(team, name)
    make_prompt_world(team)
    RawAccess.objects.create(
        call_id=call.pk, team=team, user_id=0, email="auditor@example.com", reason="A complaint", via="admin"
    )
    CallReview.objects.create(
        call_id=new_id(),
        team=team,
        reviewer_id=0,
        email="auditor@example.com",
        verdict="good",
    )
    AuditContent.objects.create(
        call_id=call.pk,
        team_id=team.pk,
        request='{"messages":[{"role":"user","content":[{"text":"Mail <EMAIL_ADDRESS_3f2a9c>"}]}]}',
        answer=f'[{{"text":"{SECRET_WORDS} {name}"}}]',
    )
    make_knowledge(team)
    return TeamWorld(team, application, new.api_key, new.text, budget, call)


def make_prompt(team: Team | None, name: str = "greeting") -> Prompt:
    """A prompt with an approved version behind a label, another in review, and a draft; a team's with a rule."""
    prompt = create_prompt(team=team, name=name, by=None)
    first = prompt.versions.get()
    document = Document(messages=(PromptMessage(text="Greet {{ name }}."),), variables=(Variable(name="name"),), model="nova-lite")  # fmt: skip
    save_draft(version=first, document=document, revision=1, by=None, note="The first.")
    PromptVersion.objects.filter(pk=first.pk).update(state="in_review", digest="1")
    PromptVersion.objects.filter(pk=first.pk).update(state="approved")
    move_label(prompt=prompt, name="production", version=first, by=None)
    second = new_draft(prompt=prompt, by=None, based_on=first)
    PromptVersion.objects.filter(pk=second.pk).update(state="in_review", digest="2")
    new_draft(prompt=prompt, by=None, based_on=first)
    if team is not None:
        ReviewRule.objects.create(team=team, name="Two pairs of eyes", approvals=1)
        ContextSource.objects.create(team=team, name="house_rules", text="Be kind.")
    return prompt


def _make_traffic(team: Team, name: str) -> None:
    """A prompt with two versions, an experiment and a rollout, both not started."""
    prompt = Prompt.objects.create(team=team, name=f"{name.lower()}-prompt")
    document = {"model": "nova-lite", "messages": [{"role": "user", "text": "Hello"}]}
    versions = [
        PromptVersion.objects.create(
            prompt=prompt, number=number, state="approved", document=document, digest="0" * 64
        )
        for number in (1, 2)
    ]
    Label.objects.create(prompt=prompt, name="production", version=versions[0])
    experiment = Experiment.objects.create(prompt=prompt, name=f"{name} experiment", label="production")
    for position, version in enumerate(versions):
        Arm.objects.create(experiment=experiment, position=position, name=f"arm {position}", version=version)
    Rollout.objects.create(prompt=prompt, label="production", version=versions[1])


def make_knowledge(team: Team) -> None:
    """A knowledge base with a document that is ready."""
    base = KnowledgeBase.objects.create(team=team, name="handbook", route="nova-lite", dimensions=256)
    document, _ = put_document(base, Incoming(name="leave.md", content=b"# Leave\n\nThirty days."))
    version = document.versions.get()
    Chunk.objects.create(
        base=base, document=document, version=version, position=1, headings="Leave", tokens=3, digest="", language="english",
        text=f"Thirty days, says {team.name}.", vector=[0.5] * 256,
    )  # fmt: skip
    VersionContent.objects.filter(version=version).update(
        original=None, blocks=[["paragraph", "Thirty days.", 0]]
    )
    KnowledgeDocument.objects.filter(pk=document.pk).update(state="ready", current=version)


def make_world() -> World:
    """Both teams, a superuser, a person in each role of the first team, and one route."""
    world = World(
        mine=make_team("Mine"), other=make_team("Other"),
        superuser=User.objects.create_superuser("root@example.com"),
    )  # fmt: skip
    for role in ROLES:
        user = world.people[role] = User.objects.create_user(f"{role}@example.com", name=f"The {role}")
        Membership.objects.create(user=user, team=world.mine.team, role=role)
    world.people["nobody"] = User.objects.create_user("nobody@example.com")
    model = Model.objects.create(
        model_id="amazon.nova-lite-v1:0", name="Nova Lite", vendor="Amazon", context_window=1
    )
    deployment = Deployment.objects.create(model=model, region="us-east-1")
    Price.objects.create(
        deployment=deployment, valid_from=utc_now() - timedelta(days=1), input_rate=60_000_000
    )
    world.route = Route.objects.create(name="nova-lite")
    RouteTarget.objects.create(route=world.route, deployment=deployment)
    return world
