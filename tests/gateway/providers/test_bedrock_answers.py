"""Bedrock's own answer from a knowledge base, to compare: for superusers, on the page that searches and by the API."""

from collections.abc import Iterator

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from embedded.environment import with_simulator
from embedded.simulator.knowledge import BUILT_IN
from gateway.catalogue.models import Deployment, Model
from prompts.knowledge.models import KnowledgeBase
from tests.gateway.catalogue.factories import make_route
from tests.prompts.knowledge.factories import make_base
from tests.simulator import RunningSimulator, running
from tests.world import World

pytestmark = pytest.mark.django_db
REGION = "eu-central-1"
ASKED = {"question": "How many days of holiday do employees have?", "model": "answers"}


@pytest.fixture(scope="module")
def server() -> Iterator[RunningSimulator]:
    with running() as started:
        yield started


@pytest.fixture
def world(world: World, server: RunningSimulator, monkeypatch: pytest.MonkeyPatch, settings) -> World:
    for name, value in with_simulator({}, server.url).items():
        monkeypatch.setenv(name, value)
    settings.BEDROCK_ENDPOINT_URL = server.url
    server.reset()
    return world


@pytest.fixture
def base(world: World) -> KnowledgeBase:
    model, _ = Model.objects.get_or_create(model_id="amazon.nova-lite-v1:0", defaults={"name": "Nova Lite"})
    deployment, _ = Deployment.objects.get_or_create(model=model, region=REGION, profile="", arn="")
    make_route("answers", deployment)
    return make_base(
        world.mine.team,
        "leave",
        kind="bedrock",
        bedrock_id=BUILT_IN,
        region=REGION,
        route="",
        dimensions=None,
        floor=0.1,
    )


def page(base: KnowledgeBase) -> str:
    return reverse("admin:prompts_knowledgebase_search", args=[base.pk])


def answer(world: World, base: KnowledgeBase, who: str, **changed):
    url = f"/api/v1/knowledge-bases/{base.pk}/answer/"
    return world.client(who).post(url, ASKED | changed, content_type="application/json")


def test_a_superuser_has_bedrock_answer(world, base):
    client = world.client("superuser")
    assert "By answers" in client.get(page(base)).content.decode()
    text = client.post(page(base), {"question": ASKED["question"], "answer_with": "answers"}).content.decode()
    assert "[simulated] Employees have thirty days" in text
    assert "it cites 1 passage" in text
    assert LogEntry.objects.filter(change_message__contains="Had Bedrock answer", object_id=base.pk).exists()


def test_others_search_alone(world, base):
    client = world.client("owner")
    assert "answer_with" not in client.get(page(base)).content.decode()
    text = client.post(page(base), {"question": ASKED["question"], "answer_with": "answers"}).content.decode()
    assert "thirty days" in text
    assert "[simulated]" not in text


def test_by_the_api(world, base):
    said = answer(world, base, "superuser")
    assert said.status_code == 200
    assert said.json()["text"].startswith("[simulated] Employees have thirty days")
    assert [each["document"] for each in said.json()["cited"]] == ["s3://simulated/leave.md"]
    assert answer(world, base, "owner").status_code == 403
    assert LogEntry.objects.filter(change_message__contains="Had Bedrock answer").count() == 1


def test_what_can_t_be_answered_says_why(world, base):
    away = answer(world, base, "superuser", model="nova-lite")
    assert away.status_code == 503
    assert "nova-lite has no deployment in eu-central-1" in away.json()["detail"]
    local = KnowledgeBase.objects.exclude(pk=base.pk).get(team=world.mine.team)
    assert answer(world, local, "superuser").status_code == 409
    assert answer(world, base, "superuser", question="").status_code == 400
