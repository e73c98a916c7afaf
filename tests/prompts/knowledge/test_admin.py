"""The pages of knowledge bases: what they show to whom, uploads, searches, deletion."""

from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from prompts.knowledge.models import Chunk, KnowledgeBase, KnowledgeDocument
from tests.prompts.knowledge.embedding_server import EmbeddingServer, embedding_server
from tests.world import ROLES

pytestmark = pytest.mark.django_db
MAY_WRITE = ("owner", "admin", "developer", "superuser")
MAY_READ = (*MAY_WRITE, "reviewer")
PAGES = ("change", "delete", "history", "upload", "search", "reindex", "sync")


@pytest.fixture
def vectors(settings) -> Iterator[EmbeddingServer]:
    """A server that turns questions into vectors; other tests have the gateway's own part."""
    with embedding_server() as server:
        settings.GATEWAY_URL = server.url
        yield server


def base_of(team) -> KnowledgeBase:
    return team.team.knowledge_bases.get()


def url(page: str, base: KnowledgeBase) -> str:
    return reverse(f"admin:prompts_knowledgebase_{page}", args=[base.pk])


def document_url(page: str, team) -> str:
    document = KnowledgeDocument.objects.get(base__team=team.team)
    return reverse(f"admin:prompts_knowledgedocument_{page}", args=[document.pk])


def files(*named: tuple[str, bytes]):
    return {"documents": [SimpleUploadedFile(name, content) for name, content in named]}


@pytest.mark.parametrize("role", [*ROLES, "nobody"])
def test_the_pages_of_another_team_stay_closed(world, role, vectors):
    client = world.client(role)
    urls = [url(page, base_of(world.other)) for page in PAGES]
    urls += [document_url(page, world.other) for page in ("change", "delete", "history", "reindex")]
    for each in urls:
        for answer in (
            client.get(each),
            client.post(each, {"post": "yes", "question": "x", "name": "taken"}),
        ):
            assert answer.status_code in {302, 403, 404}, each
            assert b"Thirty days" not in answer.content
    assert KnowledgeDocument.objects.count() == 2
    assert KnowledgeDocument.objects.filter(state="ready").count() == 2
    assert set(KnowledgeBase.objects.values_list("name", flat=True)) == {"handbook"}


@pytest.mark.parametrize("role", [*ROLES, "nobody", "superuser"])
def test_lists_show_what_is_one_s_own(world, role):
    client = world.client(role)
    for name in ("knowledgebase", "knowledgedocument"):
        page = client.get(reverse(f"admin:prompts_{name}_changelist")).content.decode()
        assert ("Other" in page) == (role == "superuser")


@pytest.mark.parametrize("role", [*ROLES, "superuser"])
def test_the_page_of_a_base(world, role):
    page = world.client(role).get(url("change", base_of(world.mine))).content.decode()
    assert ("leave.md" in page) == (role in MAY_READ)
    assert ("Search it" in page) == (role in MAY_READ)
    assert ("Add documents" in page) == (role in MAY_WRITE)


@pytest.mark.parametrize("role", [*ROLES, "superuser"])
def test_who_may_search(world, role, vectors):
    answer = world.client(role).post(url("search", base_of(world.mine)), {"question": "How many days?"})
    assert answer.status_code == (200 if role in MAY_READ else 403)
    if role in MAY_READ:
        page = answer.content.decode()
        assert "Thirty days, says Mine." in page
        assert "leave.md, version 1" in page
        assert "confidence 1.00" in page


def test_a_search_shows_what_was_left_out(world, vectors):
    KnowledgeBase.objects.update(floor=1.0)
    Chunk.objects.update(vector=[0.5] * 128 + [0.1] * 128)
    page = (
        world.client("owner").post(url("search", base_of(world.mine)), {"question": "Days?"}).content.decode()
    )
    assert "Nothing is as similar" in page
    assert "Left out" in page
    assert "Thirty days, says Mine." in page


def test_a_search_takes_no_other_team_s_application(world, vectors):
    values = {"question": "Days?", "application": world.other.application.pk}
    page = world.client("owner").post(url("search", base_of(world.mine)), values).content.decode()
    assert "valid choice" in page
    assert "Thirty days, says" not in page


def test_several_files_at_once_and_what_is_wrong_with_each(world):
    base = base_of(world.mine)
    many = files(("a.md", b"# A\n\nText."), ("b.txt", b"Text."), ("c.png", b"x"), ("d.md", b""))
    page = world.client("developer").post(url("upload", base), many, follow=True).content.decode()
    assert "2 documents are taken in" in page
    assert "c.png: Documents of this kind" in page
    assert "d.md: There is no text in it" in page
    assert set(base.documents.values_list("name", flat=True)) == {"a.md", "b.txt", "leave.md"}
    again = world.client("developer").post(url("upload", base), files(("b.txt", b"Text.")), follow=True)
    assert "1 document was there already" in again.content.decode()
    nothing = world.client("developer").post(url("upload", base), {}, follow=True).content.decode()
    assert "Nothing was taken in" in nothing


@pytest.mark.parametrize("role", ["reviewer", "viewer"])
def test_who_only_reads_changes_nothing(world, role):
    base = base_of(world.mine)
    client = world.client(role)
    for page in ("upload", "reindex", "sync", "delete"):
        assert client.post(url(page, base), {**files(("a.md", b"x")), "post": "yes"}).status_code == 403
    assert client.post(url("change", base), {"name": "taken"}).status_code == 403
    for page in ("change", "delete", "reindex"):
        assert client.post(document_url(page, world.mine), {"post": "yes"}).status_code in {302, 403}
    assert KnowledgeDocument.objects.filter(state="ready").count() == 2
    assert base.documents.count() == 1


def test_deleting_says_what_goes_and_deletes_it(world):
    client = world.client("developer")
    page = client.get(document_url("delete", world.mine)).content.decode()
    assert "passages" in page
    client.post(document_url("delete", world.mine), {"post": "yes"})
    assert set(Chunk.objects.values_list("base__team__name", flat=True)) == {"Other"}
    base = base_of(world.mine)
    assert "documents" in client.get(url("delete", base)).content.decode()
    client.post(url("delete", base), {"post": "yes"})
    assert not KnowledgeBase.objects.filter(pk=base.pk).exists()


def test_reading_again_asks_first(world):
    base = base_of(world.mine)
    client = world.client("developer")
    assert "Read all again" in client.get(url("reindex", base)).content.decode()
    assert base.documents.get().state == "ready"
    client.post(url("reindex", base))
    assert base.documents.get().state == "queued"
    KnowledgeDocument.objects.update(state="ready")
    client.get(document_url("reindex", world.mine))


def test_a_document_is_restricted_on_its_page(world):
    document = KnowledgeDocument.objects.get(base__team=world.mine.team)
    client = world.client("developer")
    page = client.get(document_url("change", world.mine)).content.decode()
    assert "Mine app" in page
    assert "Other app" not in page
    client.post(document_url("change", world.mine), {"only_for": [world.other.application.pk]})
    document.refresh_from_db()
    assert document.application_ids == []
    client.post(document_url("change", world.mine), {"only_for": [world.mine.application.pk]})
    document.refresh_from_db()
    assert document.application_ids == [world.mine.application.pk]


def test_a_base_is_made_in_one_s_own_team(world):
    client = world.client("developer")
    add = reverse("admin:prompts_knowledgebase_add")
    assert "titan" in client.get(add).content.decode()
    values = {
        "name": "new", "kind": "local", "language": "english", "route": "nova-lite", "dimensions": "256", "top_k": "5",
        "floor": "0.7", "max_tokens": "2000", "chunk_tokens": "300", "overlap_tokens": "40",
    }  # fmt: skip
    client.post(add, {**values, "team": world.other.team.pk})
    assert not KnowledgeBase.objects.filter(name="new").exists()
    page = client.post(add, {**values, "team": world.mine.team.pk}, follow=True).content.decode()
    assert "Upload its first documents" in page
    assert "No documents yet" in page
    refused = client.post(add, {**values, "name": "x", "team": world.mine.team.pk, "source": "/etc"})
    assert "for superusers" in refused.content.decode()
    refused = client.post(add, {**values, "name": "x", "team": world.mine.team.pk, "route": "unknown"})
    assert "no route named" in refused.content.decode()
