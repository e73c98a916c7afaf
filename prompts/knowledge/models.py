"""Knowledge bases with their documents, and context sources."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from pgvector.django import HalfVectorField

from accounts.access.models import Owned, OwnedBy
from accounts.models import Team, User
from accounts.policy.roles import Capability
from prompts.registry.models import NAME


class Language(models.TextChoices):
    """How words are brought to their stems for full-text search. PostgreSQL's names."""

    SIMPLE = "simple", "Any: words as they are written"
    ENGLISH = "english", "English"
    GERMAN = "german", "German"
    FRENCH = "french", "French"
    SPANISH = "spanish", "Spanish"
    ITALIAN = "italian", "Italian"
    DUTCH = "dutch", "Dutch"
    PORTUGUESE = "portuguese", "Portuguese"


class KnowledgeBase(Owned):
    """Documents of a team that prompts may draw on: kept and searched here, or in a knowledge base of Bedrock."""

    owned_by = OwnedBy(change=Capability.EDIT_PROMPTS)

    class Kind(models.TextChoices):
        LOCAL = "local", "Documents kept here"
        BEDROCK = "bedrock", "A knowledge base of Bedrock"

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="knowledge_bases")
    name = models.CharField(
        max_length=100, validators=(NAME,), help_text="What prompts call it, such as “handbook”."
    )
    description = models.TextField(blank=True, help_text="What is in it, and who looks after it.")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.LOCAL)
    route = models.CharField(
        "embedding model", max_length=100, blank=True,
        help_text="The route that turns texts into vectors, such as “titan-embed-text-v2”. It can't be changed later.",
    )  # fmt: skip
    dimensions = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=(MinValueValidator(64), MaxValueValidator(3072)),
        help_text="Numbers in a vector: 256, 512 or 1024 with Titan V2, 1024 with Cohere. It can't be changed later.",
    )  # fmt: skip
    bedrock_id = models.CharField("knowledge base id", max_length=100, blank=True, help_text="In Bedrock.")
    region = models.CharField(max_length=30, blank=True, help_text="Where it is in Bedrock.")
    language = models.CharField(max_length=16, choices=Language.choices, default=Language.ENGLISH)
    top_k = models.PositiveSmallIntegerField(
        "passages", default=5, validators=(MinValueValidator(1), MaxValueValidator(50)),
        help_text="At most so many passages are found for a question.",
    )  # fmt: skip
    floor = models.FloatField(
        "minimum similarity", default=0.7, validators=(MinValueValidator(0.0), MaxValueValidator(1.0)),
        help_text="From 0 to 1. Passages less similar to the question are left out. Models differ: try some questions.",
    )  # fmt: skip
    max_tokens = models.PositiveIntegerField(
        "max tokens", default=2000, validators=(MinValueValidator(50), MaxValueValidator(100_000)),
        help_text="All passages for a question together are no longer than this.",
    )  # fmt: skip
    chunk_tokens = models.PositiveSmallIntegerField(
        "tokens in a passage", default=300, validators=(MinValueValidator(50), MaxValueValidator(2000)),
        help_text="Documents are cut into passages of at most this length. Cohere's models read 512 at most.",
    )  # fmt: skip
    overlap_tokens = models.PositiveSmallIntegerField(
        "tokens of overlap", default=40, validators=(MaxValueValidator(500),),
        help_text="How much of a passage is said again at the start of the next.",
    )  # fmt: skip
    source = models.CharField(
        "folder or S3 address", max_length=500, blank=True,
        help_text="Documents are read from here too, and follow what changes: /srv/handbook or s3://bucket/handbook.",
    )  # fmt: skip
    synced_at = models.DateTimeField("last synced", null=True, editable=False)
    sync_error = models.TextField(blank=True, editable=False)
    is_indexed = models.BooleanField(default=False, editable=False)
    """Whether it is large enough to have search indexes of its own (docs/decisions/0017-knowledge.md)."""
    common_words = ArrayField(models.TextField(), default=list, editable=False)
    """Words in so many passages of a large base that full-text search leaves them out."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("team__name", "name")
        constraints = (
            models.UniqueConstraint(fields=("team", "name"), name="knowledge_base_name_once"),
            models.CheckConstraint(
                name="knowledge_base_kind",
                condition=Q(kind="local", dimensions__isnull=False) & ~Q(route="")
                | Q(kind="bedrock") & ~Q(bedrock_id="") & ~Q(region=""),
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_local(self) -> bool:
        return self.kind == self.Kind.LOCAL


class DocumentState(models.TextChoices):
    """How far a document is. One that has a version in force is found by searches in every state."""

    QUEUED = "queued", "Waiting"
    INDEXING = "indexing", "Being read"
    PAUSED = "paused", "Waiting for the budget"
    READY = "ready", "Ready"
    FAILED = "failed", "Failed"


class KnowledgeDocument(Owned):
    """A document of a knowledge base. Its name tells it from others of the same source."""

    owned_by = OwnedBy(("base__team",), see=Capability.VIEW_CONTENT, change=Capability.EDIT_PROMPTS)

    class Source(models.TextChoices):
        UPLOAD = "upload", "Upload"
        FOLDER = "folder", "Folder"
        S3 = "s3", "S3"

    base = models.ForeignKey(KnowledgeBase, on_delete=models.CASCADE, related_name="documents")
    name = models.CharField(max_length=500)
    media_type = models.CharField(max_length=100)
    source = models.CharField(max_length=8, choices=Source.choices, default=Source.UPLOAD)
    reference = models.CharField(max_length=1000, blank=True, help_text="Where it was read.")
    mark = models.CharField(max_length=100, blank=True, help_text="What changes at its source when it does.")
    application_ids = ArrayField(
        models.BigIntegerField(), default=list, blank=True,
        help_text="The only applications that may be given what it says. Empty: all of the team's.",
    )  # fmt: skip
    """Numbers, not a relation: an application that is deleted must not open the document to all the others."""
    state = models.CharField(max_length=8, choices=DocumentState.choices, default=DocumentState.QUEUED)
    error = models.TextField(blank=True)
    claimed_at = models.DateTimeField(null=True, editable=False)
    current = models.ForeignKey(
        "DocumentVersion", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(fields=("base", "source", "name"), name="knowledge_document_once"),
        )
        indexes = (
            models.Index(
                fields=("state", "updated_at"), name="knowledge_document_waiting",
                condition=Q(state__in=("queued", "indexing", "paused")),
            ),
            models.Index(
                fields=("base",), name="knowledge_document_restricted", condition=~Q(application_ids=[])
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return self.name


class DocumentVersion(models.Model):
    """One content of a document. Its passages are deleted when the next is in force; this row stays, for the record."""

    document = models.ForeignKey(KnowledgeDocument, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    chunk_count = models.PositiveIntegerField("passages", null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-number",)
        constraints = (models.UniqueConstraint(fields=("document", "number"), name="document_version_once"),)

    def __str__(self) -> str:
        return f"{self.document} version {self.number}"


class VersionContent(models.Model):
    """What a version is indexed from: the original until its text has been taken out, then the text in blocks.

    The original is not kept longer. Everything that is done later (other lengths of passages, another try) needs the text
    alone, which is a tenth of the size, and a hostile file is opened once, not with every change. It stands beside the
    version, so that lists of versions never load it.
    """

    version = models.OneToOneField(DocumentVersion, on_delete=models.CASCADE, related_name="content")
    original = models.BinaryField(null=True)
    blocks = models.JSONField(null=True)


class Chunk(models.Model):
    """A passage. The column `words`, its full text, is made by the database (prompts/knowledge/sql/passages.sql)."""

    base = models.ForeignKey(KnowledgeBase, on_delete=models.CASCADE, related_name="chunks")
    document = models.ForeignKey(KnowledgeDocument, on_delete=models.CASCADE, related_name="chunks")
    version = models.ForeignKey(DocumentVersion, on_delete=models.CASCADE, related_name="chunks")
    position = models.PositiveIntegerField()
    headings = models.TextField(blank=True, help_text="The headings above it, outermost first.")
    text = models.TextField()
    tokens = models.PositiveIntegerField()
    digest = models.CharField(max_length=64, help_text="SHA-256 of headings and text: what the vector is of.")
    language = models.CharField(max_length=16)
    vector = HalfVectorField(null=True)
    """Empty until it has been embedded."""

    class Meta:
        ordering = ("version", "position")
        constraints = (models.UniqueConstraint(fields=("version", "position"), name="chunk_once"),)

    def __str__(self) -> str:
        return self.text[:80]


_IDENTIFIER = RegexValidator(
    r"^[a-z][a-z0-9_]*\Z", "Templates read it by this name: use lower-case letters, digits and underscores."
)


class ContextSource(Owned):
    """What templates of a team can draw on besides variables: facts, roles, rules and examples that admins keep, rows of
    a read-only view, or an answer over HTTP."""

    owned_by = OwnedBy(see=Capability.VIEW_CONTENT, change=Capability.EDIT_PROMPTS)

    class Kind(models.TextChoices):
        TEXT = "text", "A text kept here"
        SQL = "sql", "Rows of a read-only view"
        HTTP = "http", "An answer over HTTP"

    class Failure(models.TextChoices):
        REFUSE = "refuse", "Refuse the call"
        EMPTY = "empty", "Go on without it"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="context_sources")
    name = models.CharField(
        max_length=50,
        validators=(_IDENTIFIER,),
        help_text="Templates read it by this name, such as “house_rules”.",
    )
    description = models.CharField(max_length=300, blank=True)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.TEXT)
    text = models.TextField(blank=True, help_text="Domain facts, a role, business rules, examples.")
    view = models.CharField(
        max_length=130, blank=True, validators=(RegexValidator(r"^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?\Z", "Write view, or schema.view, in lower case."),),
        help_text="Its name, such as “sales.customer_facts”. The template gets a list of its rows.",
    )  # fmt: skip
    key_column = models.CharField(
        max_length=63, blank=True, validators=(_IDENTIFIER,), help_text="Only rows where this column has the value of the variable below."
    )  # fmt: skip
    variable = models.CharField(
        max_length=100,
        blank=True,
        help_text="A variable of the prompt: it picks the rows, or stands in the URL.",
    )
    url = models.CharField(
        "URL", max_length=500, blank=True, help_text="{value} stands for the variable's value, encoded: https://crm.example.com/facts/{value}."
    )  # fmt: skip
    most_rows = models.PositiveSmallIntegerField(
        default=20, validators=(MinValueValidator(1), MaxValueValidator(500))
    )
    timeout_ms = models.PositiveIntegerField(
        "timeout (ms)", default=1000, validators=(MinValueValidator(50), MaxValueValidator(30_000))
    )
    cache_seconds = models.PositiveIntegerField(
        "cache seconds",
        default=300,
        validators=(MaxValueValidator(86_400),),
        help_text="0: asked for every call.",
    )
    on_failure = models.CharField(
        "when it fails", max_length=8, choices=Failure.choices, default=Failure.REFUSE
    )
    updated_at = models.DateTimeField(auto_now=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("team__name", "name")
        constraints = (models.UniqueConstraint(fields=("team", "name"), name="context_source_once"),)

    def __str__(self) -> str:
        return self.name
