"""Knowledge bases that follow a folder or a bucket."""

import pytest

from accounts.models import Team
from gateway.knowledge.sync import sync
from gateway.tasks import sync_knowledge
from kernel.clock import utc_now
from prompts.knowledge.models import KnowledgeBase, KnowledgeDocument, VersionContent
from prompts.knowledge.policy.sources import is_allowed
from prompts.knowledge.services.knowledge import Incoming, put_document
from tests.gateway.reconciliation.factories import BUCKET
from tests.gateway.reconciliation.factories import bucket as bucket
from tests.gateway.reconciliation.factories import s3_server as s3_server
from tests.prompts.knowledge.factories import make_base

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path, settings):
    root = tmp_path / "handbook"
    root.mkdir()
    settings.KNOWLEDGE_SOURCES = [str(tmp_path / "handbook"), f"s3://{BUCKET}/handbook"]
    return root


def base_of(source) -> KnowledgeBase:
    team, _ = Team.objects.get_or_create(name="Readers")
    return make_base(team, route="r", source=str(source))


def run(base: KnowledgeBase) -> dict[str, int]:
    """A sync, and then each document with the number of its versions."""
    assert sync(base, now=utc_now(), seconds=30)
    base.refresh_from_db()
    return {document.name: document.versions.count() for document in base.documents.all()}


def test_a_folder_is_followed(folder):
    base = base_of(folder)
    (folder / "a.md").write_text("# A\n\nOne.")
    (folder / "sub").mkdir()
    (folder / "sub" / "b.txt").write_text("Two.")
    (folder / "picture.png").write_bytes(b"x")
    (folder / ".hidden.md").write_text("Three.")
    assert run(base) == {"a.md": 1, "sub/b.txt": 1}
    assert run(base) == {"a.md": 1, "sub/b.txt": 1}
    (folder / "a.md").write_text("# A\n\nChanged.")
    (folder / "sub" / "b.txt").unlink()
    assert run(base) == {"a.md": 2}
    assert base.synced_at is not None
    assert base.sync_error == ""
    document = base.documents.get()
    assert (document.source, document.reference) == ("folder", str(folder / "a.md"))


def test_uploads_of_the_same_name_are_left_alone(folder):
    base = base_of(folder)
    put_document(base, Incoming(name="up.md", content=b"Uploaded."))
    (folder / "a.md").write_text("One.")
    assert run(base) == {"a.md": 1, "up.md": 1}


def test_a_source_that_is_gone_deletes_nothing(folder):
    base = base_of(folder)
    (folder / "a.md").write_text("One.")
    run(base)
    (folder / "a.md").unlink()
    assert run(base) == {"a.md": 1}
    assert "nothing in the source" in base.sync_error
    folder.rmdir()
    assert run(base) == {"a.md": 1}
    assert "no such folder" in base.sync_error


def test_what_can_t_be_used_is_told_and_the_rest_goes_on(folder, settings):
    settings.KNOWLEDGE_MAX_BYTES = 1000
    base = base_of(folder)
    (folder / "bad.pdf").write_text("no pdf")
    (folder / "big.txt").write_text("x" * 2000)
    (folder / "good.md").write_text("Good.")
    assert run(base) == {"good.md": 1}
    assert "bad.pdf: " in base.sync_error
    assert "big.txt: It is larger" in base.sync_error


def test_links_lead_nowhere_else(folder, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("The secret.")
    (folder / "link.txt").symlink_to(secret)
    (folder / "a.md").write_text("One.")
    assert run(base_of(folder)) == {"a.md": 1}


def test_only_allowed_places_are_read(folder, tmp_path, settings):
    (tmp_path / "a.md").write_text("One.")
    base = base_of(tmp_path)
    assert run(base) == {}
    assert "GATEHOUSE_KNOWLEDGE_SOURCES" in base.sync_error


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("/srv/docs", True), ("/srv/docs/team", True), ("/srv/docs/", True), ("/srv/docs2", False), ("/srv", False),
        ("/srv/docs/../secret", False), ("srv/docs", False), ("s3://bucket/prefix/x", True), ("s3://bucket/prefix2", False),
        ("s3://bucket", False), ("s3://other/prefix", False), ("", False), ("/", False),
    ],
)  # fmt: skip
def test_places(address, allowed):
    assert is_allowed(address, ["/srv/docs", "s3://bucket/prefix/"]) is allowed


def test_a_bucket_is_followed(folder, bucket):
    base = base_of(f"s3://{BUCKET}/handbook")
    bucket.put_object(Bucket=BUCKET, Key="handbook/a.md", Body=b"One.")
    bucket.put_object(Bucket=BUCKET, Key="handbook2/other.md", Body=b"Not this.")
    bucket.put_object(Bucket=BUCKET, Key="handbook/sub/b.md", Body=b"Two.")
    assert run(base) == {"a.md": 1, "sub/b.md": 1}
    bucket.put_object(Bucket=BUCKET, Key="handbook/a.md", Body=b"Changed.")
    bucket.delete_object(Bucket=BUCKET, Key="handbook/sub/b.md")
    assert run(base) == {"a.md": 2}
    assert bytes(VersionContent.objects.latest("pk").original) == b"Changed."
    assert KnowledgeDocument.objects.get().reference == f"s3://{BUCKET}/handbook/a.md"


def test_a_bucket_that_is_not_there_is_told(folder, bucket, settings):
    settings.KNOWLEDGE_SOURCES = ["s3://no-such-bucket"]
    base = base_of("s3://no-such-bucket/x")
    assert run(base) == {}
    assert "can't be read" in base.sync_error


def test_a_task_reads_a_base_by_its_id(folder):
    base = base_of(folder)
    (folder / "a.md").write_text("One.")
    assert sync_knowledge(base.pk)
    assert base.documents.count() == 1
    assert not sync_knowledge(base.pk + 1)
