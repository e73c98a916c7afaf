from django.db import models

from accounts.access.models import Owned, OwnedBy
from accounts.access.policy import Shared


class ModelKind(models.TextChoices):
    TEXT = "text", "Text"
    EMBEDDING = "embedding", "Embedding"


class Model(Owned):
    """A foundation model as Bedrock names it, with its limits."""

    owned_by = OwnedBy((), shared=Shared.EVERYONE)

    model_id = models.CharField(
        "model ID", max_length=200, unique=True, help_text="Bedrock's ID, without a region prefix."
    )
    name = models.CharField(max_length=200)
    vendor = models.CharField(max_length=60)
    kind = models.CharField(max_length=16, choices=ModelKind.choices, default=ModelKind.TEXT)
    context_window = models.PositiveIntegerField(help_text="Tokens of input the model accepts.")
    max_output_tokens = models.PositiveIntegerField(
        default=0, help_text="Tokens of one answer at most; 0 for embeddings."
    )
    supports_tools = models.BooleanField(default=False)
    supports_images = models.BooleanField(default=False)
    supports_prompt_cache = models.BooleanField(default=False)
    supports_structured_output = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Whether it can be held to a JSON Schema (Converse's outputConfig).",
    )
    end_of_life = models.DateField(null=True, blank=True, help_text="When AWS ends the model.")

    class Meta:
        ordering = ("vendor", "name")

    def __str__(self) -> str:
        return self.name
