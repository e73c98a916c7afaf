"""What is kept of prompts that draw on knowledge: passages, slots, and how both end when a document changes."""

from collections.abc import Callable
from itertools import count
from typing import Any

import httpx
import pytest

from accounts.models import Team
from gateway.cache.models import CachePurge
from gateway.catalogue.models import CacheRule
from prompts.knowledge.models import KnowledgeBase, KnowledgeDocument
from tests.accounts.factories import make_application, make_key
from tests.e2e.conftest import World
from tests.services import until

pytestmark = [pytest.mark.slow]

TEAM = "Cached knowledge"
NUMBERS = count(1)
PUT = """
from accounts.models import Team
from prompts.knowledge.models import KnowledgeBase
from prompts.knowledge.services.knowledge import Incoming, put_document
from prompts.knowledge.services.indexing import index_some
team = Team.objects.get(name={team!r})
base, _ = KnowledgeBase.objects.get_or_create(team=team, name={base!r}, defaults=dict(route="titan-embed-text-v2", dimensions=256, floor=0.1))
put_document(base, Incoming(name="leave.md", content={text!r}.encode()))
index_some(seconds=60)
assert not team.knowledge_bases.exclude(documents__state="ready").exists()
"""


def put(world: World, text: str, *, base: str = "handbook") -> None:
    code = PUT.format(team=TEAM, base=base, text=f"# Leave\n\n{text}\n")
    world.stack.manage("shell", "-c", code, GATEHOUSE_GATEWAY_URL=world.url)


@pytest.fixture(scope="module")
def knowing(shared_world: World) -> World:
    world = World(shared_world.stack, shared_world.server, shared_world.new_key(team=TEAM))
    world.set_budget(team=TEAM, limit_nanos=10**15)
    world.stack.make(
        lambda: CacheRule.objects.create(name=TEAM, team=Team.objects.get(name=TEAM), semantic="off")
    )
    world.knows(world.key)
    put(world, "Every employee has thirty days of paid holiday a year.")
    return world


@pytest.fixture
def run(knowing: World) -> Callable[..., httpx.Response]:
    """Runs a prompt of its own that draws on the handbook; with a key, it has a slot."""
    world = knowing
    names: dict[str, str] = {}

    def call(question: str = "How many days of holiday a year?", *, cache_key: str = "", by: str = "") -> httpx.Response:  # fmt: skip
        if cache_key not in names:
            document: dict[str, Any] = {
                "messages": [{"text": "{{ knowledge }}\n{{ question }}"}],
                "variables": [{"name": "question"}],
                "knowledge": {"bases": ["handbook"], "floor": 0.1},
                "cache_key": cache_key,
            }
            names[cache_key] = f"cached-knowledge-{next(NUMBERS)}"
            world.new_prompt(names[cache_key], document, team=TEAM)
            world.knows(world.new_key(team=TEAM))
        answer = world.post(f"/v1/prompts/{names[cache_key]}/run", json={"variables": {"question": question}}, key=by or world.key)  # fmt: skip
        assert answer.status_code == 200, answer.text
        return answer

    return call


def word(answer: httpx.Response) -> str:
    return answer.headers["x-gatehouse-cache"].partition(";")[0]


def embeddings(world: World) -> int:
    return int(world.execute("SELECT count(*) AS n FROM governance_auditrecord WHERE route = 'titan-embed-text-v2' AND attempts > 0")[0]["n"])  # fmt: skip


def test_a_question_is_looked_for_once_until_a_document_changes(knowing, run):
    world = knowing
    assert word(run()) == "miss"
    before = embeddings(world)
    world.execute(
        "DELETE FROM gateway_cacheentry WHERE kind IN ('exact', 'embedding') AND team_id = (SELECT id FROM accounts_team WHERE name = %s)",
        TEAM,
    )
    first = run()
    assert (word(first), embeddings(world)) == (
        "miss",
        before,
    )  # its passages were kept, so nothing was embedded
    assert "thirty days" in first.text
    put(world, "Every employee has forty days of paid holiday a year.")
    changed = run()
    assert word(changed) == "miss"
    assert "forty days" in changed.text


def test_a_slot_asks_neither_sources_nor_models_and_ends_with_its_document(knowing, run):
    world, key = knowing, "{{ question }}/{{ half_day }}"
    put(world, "Every employee has one day of paid holiday a year.")
    assert word(run("Which holiday?", cache_key=key)) == "miss"
    before = embeddings(world)
    hit = run("Which holiday?", cache_key=key)
    assert (hit.headers["x-gatehouse-cache"].startswith("hit; kind=slot"), embeddings(world)) == (
        True,
        before,
    )
    stages = [name for name, _, _ in world.record(hit.headers["x-gatehouse-call-id"])["stages"]]
    assert not {"gather context", "render prompt", "screen", "reserve"} & set(stages)
    put(world, "Every employee has two days of paid holiday a year.")
    assert word(run("Which holiday?", cache_key=key)) == "miss"
    assert word(run("Which holiday?", cache_key=key)) == "hit"

    def restrict() -> None:
        KnowledgeDocument.objects.filter(base__in=KnowledgeBase.objects.filter(team__name=TEAM)).update(application_ids=[0])  # fmt: skip

    world.stack.make(restrict)
    assert word(run("Which holiday?", cache_key=key)) == "miss"


def test_a_slot_made_from_documents_is_its_application_s_and_ends_with_its_base(knowing, run):
    """Documents may be open to one application alone, and a purge may name the base that an answer was made from."""
    world, key = knowing, "base/{{ question }}"
    assert word(run("Whose holiday?", cache_key=key)) == "miss"
    assert word(run("Whose holiday?", cache_key=key)) == "hit"
    other = world.stack.make(
        lambda: make_key(make_application(Team.objects.get(name=TEAM), "other"), "").text
    )
    world.knows(other)
    assert [word(run("Whose holiday?", cache_key=key, by=other)) for _ in range(2)] == ["miss", "hit"]

    def purge() -> None:
        base = KnowledgeBase.objects.get(team__name=TEAM)
        CachePurge.objects.create(team=base.team, uses=f"base:{base.pk}")

    world.stack.make(purge)
    assert word(run("Whose holiday?", cache_key=key)) == "miss"


def test_what_ended_them_is_on_record(knowing):
    found = knowing.execute("SELECT uses, reason FROM gateway_cachepurge WHERE uses <> '' AND by_id IS NULL")
    until(lambda: found, what="the purges")
    assert {each["reason"] for each in found} >= {
        "The document changed.",
        "A document of the knowledge base changed.",
    }
