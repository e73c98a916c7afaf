"""Knowledge bases through the API: uploads, restrictions, searches, and who may do what."""

from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from prompts.knowledge.models import Chunk, KnowledgeBase, KnowledgeDocument
from tests.accounts.api_resources import API, ask, id_in
from tests.prompts.knowledge.embedding_server import EmbeddingServer, embedding_server
from tests.world import ROLES, World

pytestmark = pytest.mark.django_db
MAY_WRITE = ("owner", "admin", "developer", "superuser")
MAY_READ = (*MAY_WRITE, "reviewer")


@pytest.fixture
def vectors(settings) -> Iterator[EmbeddingServer]:
    """A server that turns questions into vectors; other tests have the gateway's own part."""
    with embedding_server() as server:
        settings.GATEWAY_URL = server.url
        yield server


def upload(
    world: World, who: str, base: int, name: str = "new.md", content: bytes = b"# New\n\nText.", **more
):
    file = SimpleUploadedFile(name, content)
    return world.client(who).post(f"{API}/knowledge-documents/", {"base": base, "file": file, **more})


def mine(world: World) -> int:
    return id_in(world.mine, "knowledge-bases")


@pytest.mark.parametrize("who", [*ROLES, "nobody", "superuser"])
def test_who_may_upload(world, who):
    answer = upload(world, who, mine(world))
    assert answer.status_code == (201 if who in MAY_WRITE else 403), answer.content


@pytest.mark.parametrize("who", ["owner", "nobody"])
def test_nothing_is_uploaded_to_another_team(world, who):
    before = KnowledgeDocument.objects.count()
    answer = upload(world, who, id_in(world.other, "knowledge-bases"))
    assert answer.status_code == (400 if who == "owner" else 403)
    assert KnowledgeDocument.objects.count() == before


def test_an_upload_is_a_document_and_the_same_again_is_none(world):
    made = upload(world, "developer", mine(world)).json()
    assert (made["name"], made["state"], made["applications"]) == ("new.md", "queued", [])
    assert upload(world, "developer", mine(world)).status_code == 200
    changed = upload(world, "developer", mine(world), content=b"Changed.")
    assert changed.status_code == 201
    assert changed.json()["id"] == made["id"]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.md", b"", "no text"), ("a.png", b"x", "Documents of this kind"), ("a.zip", b"PK\x03\x04", "archive"),
        ("a.pdf", b"text", "right ending"),
    ],
)  # fmt: skip
def test_what_can_t_be_used_is_refused_with_what_to_do(world, name, content, problem):
    answer = upload(world, "developer", mine(world), name, content)
    assert answer.status_code == 400
    assert problem in str(answer.json())


def test_a_file_that_is_too_large(world, settings):
    settings.KNOWLEDGE_MAX_BYTES = 100
    answer = upload(world, "developer", mine(world), content=b"x" * 101)
    assert "larger than" in str(answer.json())


def test_restrictions_are_to_applications_of_the_team(world):
    own, other = world.mine.application.pk, world.other.application.pk
    assert upload(world, "developer", mine(world), applications=[own]).json()["applications"] == [own]
    assert upload(world, "developer", mine(world), "x.md", applications=[other]).status_code == 400
    url = f"{API}/knowledge-documents/{id_in(world.mine, 'knowledge-documents')}/"
    client = world.client("developer")
    assert ask(client, "patch", url, {"applications": [other]}).status_code == 400
    assert ask(client, "patch", url, {"applications": [own]}).json()["applications"] == [own]
    assert ask(client, "patch", url, {"applications": []}).json()["applications"] == []


@pytest.mark.parametrize("who", [*ROLES, "superuser"])
def test_who_may_change_documents(world, who):
    url = f"{API}/knowledge-documents/{id_in(world.mine, 'knowledge-documents')}/"
    expected = {"viewer": 404, "reviewer": 403}
    assert ask(world.client(who), "patch", url, {"applications": []}).status_code == expected.get(who, 200)
    assert ask(world.client(who), "post", f"{url}reindex/").status_code == expected.get(who, 202)
    assert ask(world.client(who), "delete", url).status_code == expected.get(who, 204)


@pytest.mark.parametrize("who", [*ROLES, "superuser"])
def test_who_may_search(world, vectors, who):
    url = f"{API}/knowledge-bases/{mine(world)}/search/"
    answer = ask(world.client(who), "post", url, {"question": "How many days?"})
    assert answer.status_code == (200 if who in MAY_READ else 403)
    if answer.status_code == 200:
        found = answer.json()
        [passage] = found["passages"]
        assert (passage["document"], passage["version"], passage["headings"]) == ("leave.md", 1, "Leave")
        assert found["confidence"] == pytest.approx(1.0, abs=0.01)
        assert b"Other" not in answer.content
        assert answer["Cache-Control"] == "no-store"


def test_a_search_as_an_application_finds_what_it_may_be_given(world, vectors):
    url = f"{API}/knowledge-bases/{mine(world)}/search/"
    client = world.client("reviewer")
    as_mine = {"question": "How many days?", "application": world.mine.application.pk}
    assert ask(client, "post", url, as_mine).json()["passages"]
    KnowledgeDocument.objects.update(application_ids=[world.other.application.pk])
    assert ask(client, "post", url, as_mine).json()["passages"] == []
    as_other = {**as_mine, "application": world.other.application.pk}
    assert ask(client, "post", url, as_other).status_code == 400


def test_a_search_with_its_own_limits(world, vectors):
    url = f"{API}/knowledge-bases/{mine(world)}/search/"
    found = ask(world.client("owner"), "post", url, {"question": "x", "max_tokens": 2}).json()
    assert found["passages"] == []


@pytest.mark.parametrize(("refusal", "status"), [((402, "The budget is used up."), 402), ((400, "No."), 503)])
def test_a_search_that_can_t_be_made_says_why(world, vectors, refusal, status):
    vectors.refuse_with(*refusal)
    answer = ask(
        world.client("owner"), "post", f"{API}/knowledge-bases/{mine(world)}/search/", {"question": "x"}
    )
    assert (answer.status_code, answer.json()["detail"]) == (status, refusal[1])


def test_a_base_is_deleted_with_all_that_is_in_it(world):
    assert (
        ask(world.client("developer"), "delete", f"{API}/knowledge-bases/{mine(world)}/").status_code == 204
    )
    assert set(Chunk.objects.values_list("base__team__name", flat=True)) == {"Other"}


def test_documents_by_base_and_state(world):
    client = world.client("developer")
    ask(client, "post", f"{API}/knowledge-bases/{mine(world)}/reindex/")
    for query, number in (
        (f"?base={mine(world)}", 1), ("?base=999", 0), ("?state=queued", 1), ("?state=ready", 0),
        (f"?base={id_in(world.other, 'knowledge-bases')}", 0),
    ):  # fmt: skip
        assert len(client.get(f"{API}/knowledge-documents/{query}").json()["results"]) == number, query
    for query in ("?base=x", "?base=0", "?state=none"):
        assert client.get(f"{API}/knowledge-documents/{query}").status_code == 400, query


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"dimensions": 512}, "dimensions"), ({"route": "other"}, "route"), ({"kind": "bedrock"}, "kind"),
        ({"floor": 1.5}, "floor"), ({"source": "/etc"}, "source"),
    ],
)  # fmt: skip
def test_what_can_t_be_changed(world, change, field):
    answer = ask(world.client("owner"), "patch", f"{API}/knowledge-bases/{mine(world)}/", change)
    assert answer.status_code == 400
    assert field in answer.json()


@pytest.mark.parametrize("who", ["owner", "superuser"])
def test_what_is_read_from_outside_is_for_superusers_to_say(world, settings, who):
    settings.KNOWLEDGE_SOURCES = ["/srv/docs"]
    url = f"{API}/knowledge-bases/"
    team = world.mine.team.pk
    bodies = (
        {"team": team, "name": "a", "kind": "bedrock", "bedrock_id": "ABCDEFGHIJ", "region": "eu-west-1"},
        {"team": team, "name": "b", "route": "nova-lite", "dimensions": 256, "source": "/srv/docs/b"},
    )
    for body in bodies:
        answer = ask(world.client(who), "post", url, body)
        assert answer.status_code == (201 if who == "superuser" else 400), answer.content
    answer = ask(world.client("superuser"), "post", url, {**bodies[1], "name": "c", "source": "/etc"})
    assert "GATEHOUSE_KNOWLEDGE_SOURCES" in answer.json()["source"][0]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"route": ""}, "route"), ({"route": "no-such-route"}, "route"), ({"dimensions": None}, "dimensions"),
        ({"name": "Not A Name"}, "name"), ({"kind": "bedrock"}, "bedrock_id"),
    ],
)  # fmt: skip
def test_what_a_base_takes(world, body, field):
    usual = {"team": world.mine.team.pk, "name": "new", "route": "nova-lite", "dimensions": 256}
    answer = ask(world.client("superuser"), "post", f"{API}/knowledge-bases/", {**usual, **body})
    assert answer.status_code == 400
    assert field in answer.json()


def test_a_sync_without_a_source_is_a_conflict(world):
    assert ask(world.client("owner"), "post", f"{API}/knowledge-bases/{mine(world)}/sync/").status_code == 409


def test_a_sync_is_asked_for(world, monkeypatch, django_capture_on_commit_callbacks):
    sent = []
    monkeypatch.setattr("kernel.background.app.send_task", lambda name, args: sent.append((name, args)))
    KnowledgeBase.objects.filter(pk=mine(world)).update(source="/srv/docs")
    with django_capture_on_commit_callbacks(execute=True):
        answer = ask(world.client("developer"), "post", f"{API}/knowledge-bases/{mine(world)}/sync/")
    assert answer.status_code == 202
    assert sent == [("gateway.tasks.sync_knowledge", (mine(world),))]
