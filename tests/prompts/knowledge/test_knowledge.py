"""Knowledge bases: documents indexed through a real gateway, found by meaning and by words, and gone when deleted."""

import asyncio
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from psycopg_pool import AsyncConnectionPool

from accounts.models import Application
from accounts.services.internal_keys import APPLICATION
from governance.limits.models import Budget
from kernel.clock import utc_now
from prompts.knowledge.models import Chunk, DocumentVersion, KnowledgeBase, KnowledgeDocument, VersionContent
from prompts.knowledge.policy.fusion import fuse
from prompts.knowledge.policy.knowledge import Retrieved
from prompts.knowledge.selectors import base_entry
from prompts.knowledge.services import indexes as knowledge_indexes
from prompts.knowledge.services.embedding import Embedder
from prompts.knowledge.services.extraction import DocumentError
from prompts.knowledge.services.indexing import index_some
from prompts.knowledge.services.knowledge import delete_base, delete_document, reindex, restrict
from prompts.knowledge.services.retriever import SEARCH, Retriever, parameters
from prompts.knowledge.services.search import search
from tests.accounts.factories import make_application, make_team
from tests.governance.limits.test_ledger import conninfo
from tests.prompts.knowledge.factories import ROUTE, make_base
from tests.prompts.knowledge.serving import LEAVE, TRAVEL, KnowledgeWorld
from tests.prompts.knowledge.serving import gateway_server as gateway_server
from tests.prompts.knowledge.serving import knowledge as knowledge
from tests.prompts.knowledge.serving import simulator as simulator

pytestmark = pytest.mark.slow
QUESTION = "How many days of holiday does an employee have in a year?"


def found_by(
    world: KnowledgeWorld, application: Application, question: str = QUESTION, *bases: KnowledgeBase, floor: float = 0.0
) -> Retrieved:  # fmt: skip
    """As the data plane searches."""
    vector = Embedder(world.team, ROUTE, 256).embed([question], until=float("inf"))[0]
    entries = [base_entry(base) for base in bases or (world.base,)]

    async def scenario() -> Retrieved:
        async with AsyncConnectionPool(conninfo(), open=False, kwargs={"autocommit": True}) as pool:
            found = await Retriever(pool).candidates(
                bases=entries, application_id=application.pk, vector=vector, text=question, top_k=5
            )
        return fuse(found, top_k=5, floor=floor, max_tokens=2000)

    return asyncio.run(scenario())


def names(found: Retrieved) -> set[str]:
    return {passage.document for passage in found.passages}


def test_a_document_is_read_cut_embedded_and_found(knowledge):
    leave = knowledge.indexed("leave.md", LEAVE)
    knowledge.indexed("travel.md", TRAVEL)
    assert (leave.state, leave.error, leave.current.number, leave.current.chunk_count) == ("ready", "", 1, 2)
    assert Chunk.objects.filter(vector__isnull=True).count() == 0
    found = found_by(knowledge, knowledge.application)
    best = found.passages[0]
    assert (best.document, best.version, best.headings) == ("leave.md", 1, "Leave")
    assert "thirty days" in best.text
    assert best.document_id == leave.pk
    assert best.similarity == max(passage.similarity for passage in found.passages)
    assert 0 < found.confidence <= 1
    assert search(knowledge.base, QUESTION).passages[0] == best


def test_embedding_is_a_call_of_the_team_s_own(knowledge):
    knowledge.indexed("leave.md", LEAVE)
    assert knowledge.embedded()[0].startswith("Leave\n\nEvery employee")
    [record] = knowledge.charged()
    assert (record.application.name, record.status, record.route) == (APPLICATION, "succeeded", ROUTE)
    assert record.cost_nanos > 0


def test_the_same_again_is_nothing_and_a_change_embeds_what_changed(knowledge):
    document = knowledge.indexed("leave.md", LEAVE)
    knowledge.simulator.reset()
    assert knowledge.indexed("leave.md", LEAVE).current_id == document.current_id
    assert knowledge.embedded() == []
    changed = knowledge.indexed("leave.md", LEAVE.replace("thirty", "forty"))
    assert [text.split()[0] for text in knowledge.embedded()] == ["Leave"]
    assert (changed.pk, changed.current.number, changed.state) == (document.pk, 2, "ready")
    assert "forty days" in search(knowledge.base, QUESTION).passages[0].text
    assert Chunk.objects.filter(version__number=1).count() == 0
    assert DocumentVersion.objects.filter(document=document).count() == 2


def test_the_version_before_is_found_until_the_next_is_ready(knowledge):
    knowledge.indexed("leave.md", LEAVE)
    Budget.objects.update(limit_nanos=0)
    changed = knowledge.indexed("leave.md", LEAVE.replace("thirty", "forty"))
    assert changed.state == "paused"
    assert "budget" in changed.error.lower()
    Budget.objects.update(limit_nanos=1_000_000_000)
    assert "thirty days" in search(knowledge.base, QUESTION).passages[0].text
    assert search(knowledge.base, QUESTION).passages[0].version == 1


def test_a_budget_that_is_used_up_pauses_and_nothing_is_embedded_twice(knowledge, monkeypatch):
    monkeypatch.setattr("prompts.knowledge.services.indexing._BATCH", 4)
    text = "".join(f"# Part {n}\n\nThis part is number {n} of the book.\n\n" for n in range(20))
    embed = Embedder.embed
    batches = []

    def spend_after_two(self, texts, *, until):
        batches.append(list(texts))
        if len(batches) == 3:
            Budget.objects.update(limit_nanos=0)
        return embed(self, texts, until=until)

    monkeypatch.setattr(Embedder, "embed", spend_after_two)
    document = knowledge.indexed("book.md", text)
    assert document.state == "paused"
    assert index_some(seconds=5) == 0  # not before its time, or when told
    assert Chunk.objects.filter(vector__isnull=False).count() == 8
    Budget.objects.update(limit_nanos=1_000_000_000)
    assert reindex(document)
    index_some(seconds=30)
    document.refresh_from_db()
    assert (document.state, document.current.chunk_count) == ("ready", 20)
    assert len(knowledge.embedded()) == len(set(knowledge.embedded())) == 20


def test_a_slice_ends_in_time_and_the_next_goes_on(knowledge, monkeypatch):
    monkeypatch.setattr("prompts.knowledge.services.indexing._BATCH", 1)
    document = knowledge.put("leave.md", LEAVE)
    index_some(seconds=0.001)
    document.refresh_from_db()
    assert (document.state, document.current) == ("queued", None)
    index_some(seconds=30)
    document.refresh_from_db()
    assert document.state == "ready"
    assert len(knowledge.embedded()) == 2


def test_a_throttled_model_is_waited_for(knowledge):
    knowledge.simulator.configure("us-east-1", throttle_rate=0.7)
    waited = []
    try:
        embedder = Embedder(knowledge.team, ROUTE, 256, wait=waited.append)
        for n in range(8):
            assert len(embedder.embed([f"text {n}"], until=float("inf"))[0]) == 256
    finally:
        knowledge.simulator.reset()
    assert waited


def test_a_gateway_that_is_away_lets_documents_wait(knowledge, settings):
    settings.GATEWAY_URL = "http://127.0.0.1:9"
    document = knowledge.put("leave.md", LEAVE)
    index_some(seconds=6)
    document.refresh_from_db()
    assert document.state == "queued"
    assert "can't be reached" in document.error
    assert index_some(seconds=1) == 0
    KnowledgeDocument.objects.update(updated_at=utc_now() - timedelta(minutes=2))
    assert index_some(seconds=1) == 1


def test_a_route_that_does_not_embed_fails_with_the_gateway_s_words(knowledge):
    KnowledgeBase.objects.update(route="no-such-route")
    document = knowledge.indexed("leave.md", LEAVE)
    assert document.state == "failed"
    assert "no-such-route" in document.error


def test_a_worker_that_died_is_followed_by_another(knowledge):
    document = knowledge.put("leave.md", LEAVE)
    KnowledgeDocument.objects.update(state="indexing", claimed_at=utc_now())
    assert index_some(seconds=5) == 0
    KnowledgeDocument.objects.update(claimed_at=utc_now() - timedelta(minutes=6))
    assert index_some(seconds=5) == 1
    document.refresh_from_db()
    assert document.state == "ready"


def test_a_bad_document_says_what_to_do_and_is_not_kept(knowledge):
    with pytest.raises(DocumentError, match="right ending"):
        knowledge.put("leave.pdf", "no pdf")
    document = knowledge.indexed("leave.pdf", b"%PDF-1.7 broken")
    assert document.state == "failed"
    assert "damaged" in document.error
    assert not VersionContent.objects.exists()
    assert not reindex(document)


def test_the_original_is_not_kept(knowledge):
    document = knowledge.indexed("leave.md", LEAVE)
    content = document.current.content
    assert content.original is None
    assert content.blocks[0] == ["heading", "Leave", 1]


def test_indexing_anew_follows_the_base(knowledge):
    document = knowledge.indexed("long.txt", " ".join(f"Sentence number {n} is here." for n in range(80)))
    before = document.current.chunk_count
    KnowledgeBase.objects.update(chunk_tokens=60)
    knowledge.base.refresh_from_db()
    assert reindex(document)
    index_some(seconds=30)
    document.refresh_from_db()
    assert document.current.chunk_count > before
    assert document.current.number == 2


def test_teams_and_applications_get_what_is_theirs(knowledge):
    stranger = make_application(make_team("Strangers"), "Spy")
    sibling = make_application(knowledge.team, "Sibling")
    secret = knowledge.indexed("leave.md", LEAVE, application_ids=[knowledge.application.pk])
    knowledge.indexed("travel.md", TRAVEL)
    assert names(found_by(knowledge, knowledge.application)) == {"leave.md", "travel.md"}
    assert names(found_by(knowledge, sibling)) == {"travel.md"}
    assert names(found_by(knowledge, sibling, "thirty days of paid holiday")) == {"travel.md"}
    assert found_by(knowledge, stranger).passages == ()
    restrict(secret, application_ids=[])
    assert names(found_by(knowledge, sibling)) == {"leave.md", "travel.md"}


def test_a_deleted_application_opens_nothing(knowledge):
    sibling = make_application(knowledge.team, "Sibling")
    only = make_application(knowledge.team, "Only")
    knowledge.indexed("leave.md", LEAVE, application_ids=[only.pk])
    only.delete()
    assert found_by(knowledge, sibling).passages == ()


def test_words_find_what_vectors_do_not_and_the_floor_holds(knowledge):
    knowledge.indexed("codes.md", "# Codes\n\nThe cabinet opens with QX-7781-ZB.\n")
    for n in range(30):
        knowledge.put(
            f"other-{n}.md", f"# Other {n}\n\nSomething about {n} other things that matter to nobody.\n"
        )
    index_some(seconds=60)
    assert found_by(knowledge, knowledge.application, "QX-7781-ZB").passages[0].document == "codes.md"
    high = found_by(knowledge, knowledge.application, QUESTION, floor=0.99)
    assert high.passages == ()
    assert high.confidence == 0
    assert high.left_out


@pytest.mark.parametrize(
    "question", ["'; DROP TABLE x; --", "a\\b ' & | ! <-> :*", "\x00", "", "!!!", "漢字 ß"]
)
def test_odd_questions(knowledge, question):
    knowledge.indexed("leave.md", LEAVE)
    vector = [0.1] * 256
    with connection.cursor() as cursor:
        cursor.execute(SEARCH, parameters([base_entry(knowledge.base)], None, vector, question, 5))
        assert len(cursor.fetchall()) == 2


def test_a_large_base_has_indexes_and_finds_the_same(knowledge, monkeypatch):
    monkeypatch.setattr(knowledge_indexes, "LARGE", 30)
    monkeypatch.setattr(knowledge_indexes, "COMMON", 20)
    other = make_base(knowledge.team, "other")
    for n in range(40):
        knowledge.put(f"part-{n}.md", f"# Part {n}\n\nThis part says something of number {n}.\n")
    knowledge.put("leave.md", LEAVE)
    knowledge.put("leave.md", LEAVE, base=other)
    while index_some(seconds=30):
        pass
    before = found_by(knowledge, knowledge.application)
    assert knowledge_indexes.maintain_indexes() == 1
    knowledge.base.refresh_from_db()
    assert knowledge.base.is_indexed
    assert "part" in knowledge.base.common_words
    assert "holiday" not in knowledge.base.common_words
    assert found_by(knowledge, knowledge.application).passages[0] == before.passages[0]
    pk = knowledge.base.pk
    assert indexes_of(pk) == 2
    sibling = make_application(knowledge.team, "Sibling")
    restrict(knowledge.base.documents.get(name="leave.md"), application_ids=[knowledge.application.pk])
    assert found_by(knowledge, knowledge.application).passages[0] == before.passages[0]
    assert "leave.md" not in names(found_by(knowledge, sibling))
    KnowledgeDocument.objects.filter(base=knowledge.base).update(application_ids=[knowledge.application.pk])
    assert found_by(knowledge, sibling).passages == ()
    DocumentVersion.objects.update(chunk_count=1000)  # too many to compare one by one: the index is asked
    assert found_by(knowledge, knowledge.application).passages[0] == before.passages[0]
    assert found_by(knowledge, sibling).passages == ()
    both = found_by(knowledge, knowledge.application, QUESTION, knowledge.base, other)
    assert both.passages[0].text == before.passages[0].text
    delete_base(knowledge.base)
    assert indexes_of(pk) == 0
    assert found_by(knowledge, knowledge.application, QUESTION, other).passages


def indexes_of(pk: int) -> int:
    with psycopg.connect(conninfo()) as admin:
        names = [f"knowledge_vectors_{pk}", f"knowledge_words_{pk}"]
        return len(admin.execute("SELECT 1 FROM pg_indexes WHERE indexname = ANY (%s)", [names]).fetchall())


@pytest.mark.parametrize("what", ["document", "base"])
def test_what_is_deleted_is_gone(knowledge, what):
    """Every column of every table is looked through. Calls' bodies are another matter: they have rules of their own."""
    document = knowledge.indexed("leave.md", LEAVE.replace("thirty days", "thirty xylophones"))
    knowledge.put("leave.md", LEAVE.replace("thirty days", "forty xylophones"))
    assert tables_with("xylophones") == {"prompts_chunk", "prompts_versioncontent"}
    if what == "document":
        delete_document(document)
    else:
        delete_base(knowledge.base)
    assert tables_with("xylophones") == set()
    assert not DocumentVersion.objects.exists()


def tables_with(word: str) -> set[str]:
    found = set()
    with psycopg.connect(conninfo()) as admin:
        tables = admin.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        ).fetchall()
        for (table,) in tables:
            if table.startswith(("governance_auditcontent", "governance_contentindex")):
                continue
            columns = f"(SELECT row_to_json(t)::text || encode(convert_to(t::text, 'UTF8'), 'escape') AS said FROM {table} t) s"
            hex_word = word.encode().hex()
            row = admin.execute(
                f"SELECT count(*) FROM {columns} WHERE said LIKE %s OR said LIKE %s",
                [f"%{word}%", f"%{hex_word}%"],
            ).fetchone()
            if row[0]:
                found.add(table)
    return found
