"""A foundation model, with what it can take and give."""

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from accounts.access.models import Owned, OwnedBy
from accounts.access.policy import Shared
from gateway.catalogue.choices import (
    CacheLifetime,
    CachePlace,
    Effort,
    ModelKind,
    Sampling,
    Thinking,
    ToolChoice,
    sampling_default,
    several_of,
)


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
    supports_documents = models.BooleanField(default=True, db_default=True)
    supports_video = models.BooleanField(default=False, db_default=False)
    supports_audio = models.BooleanField(default=False, db_default=False)
    supports_images_in_results = models.BooleanField(
        "images in tool results", default=False, db_default=False
    )
    supports_text_with_results = models.BooleanField(
        "text beside tool results",
        default=True,
        db_default=True,
        help_text="Whether a turn may have other blocks beside the results of tools.",
    )
    needs_results_first = models.BooleanField(
        "tool results first",
        default=False,
        db_default=False,
        help_text="Whether the results of tools must stand before other blocks of their turn.",
    )
    supports_citations = models.BooleanField("citations", default=False, db_default=False)
    supports_parallel_switch = models.BooleanField(
        "parallel tool use can be switched off", default=False, db_default=False
    )
    supports_prefill = models.BooleanField(
        "prefill",
        default=True,
        db_default=True,
        help_text="Whether a conversation may end with the beginning of the answer.",
    )
    supports_stop_sequences = models.BooleanField("stop sequences", default=True, db_default=True)
    supports_streaming = models.BooleanField(
        "streaming",
        default=True,
        db_default=True,
        help_text="Where it does not, callers that ask for a stream get the whole answer as one.",
    )
    supports_streamed_tools = models.BooleanField(
        "streaming with tools", default=True, db_default=True, help_text="The same, of requests with tools."
    )
    tool_choices = several_of("tool choice", ToolChoice, ["auto"])
    thinking = several_of("thinking", Thinking, [], help_text="How it can be asked to reason.")
    efforts = several_of("effort", Effort, [], help_text="Levels that it takes.")
    sampling = models.CharField(
        max_length=8, choices=Sampling.choices, default=Sampling.ALL, db_default=Sampling.ALL
    )
    cache_points = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Cache points of one request at most; 0: it takes none."
    )
    cache_min_tokens = models.PositiveIntegerField(
        "minimum cached prefix", default=1024, db_default=1024, help_text="Tokens."
    )
    cache_lifetimes = several_of("cache lifetimes", CacheLifetime, [])
    cache_places = several_of("cache places", CachePlace, [])
    betas = ArrayField(
        models.CharField(max_length=80),
        default=list,
        db_default=[],
        blank=True,
        help_text="Anthropic's beta features that it takes on Bedrock, separated by commas; * stands for anything.",
    )
    count_tokens_id = models.CharField(
        "CountTokens ID",
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="The ID that CountTokens takes for the model; empty: it can't count.",
    )
    invoke_families = ArrayField(
        models.CharField(max_length=40),
        default=list,
        db_default=[],
        blank=True,
        verbose_name="InvokeModel families",
        help_text="Bodies that InvokeModel takes for the model, separated by commas.",
    )
    released_on = models.DateField(
        "released",
        null=True,
        blank=True,
        help_text="Decides which model is the newest. Empty: by the date in its ID, if any.",
    )
    legacy_from = models.DateField(null=True, blank=True, help_text="From when AWS calls the model legacy.")
    extended_from = models.DateField(
        "extended access from",
        null=True,
        blank=True,
        help_text="From when AWS may charge more for the legacy model.",
    )
    end_of_life = models.DateField(null=True, blank=True, help_text="When AWS ends the model.")
    default_temperature = sampling_default("temperature")
    default_top_p = sampling_default("top_p")
    attempts = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(10)],
        help_text="How often a call is sent at most, where its route does not say. Empty: 3, or once to each deployment.",
    )
    output_burndown = models.PositiveSmallIntegerField(
        default=1,
        db_default=1,
        validators=[MinValueValidator(1)],
        help_text="Tokens of a quota that one token of output takes.",
    )
    successor = models.CharField(
        max_length=200, blank=True, default="", db_default="", help_text="The model ID to use in its place."
    )
    seeded = models.JSONField(
        default=dict,
        db_default={},
        editable=False,
        help_text="What the catalogue's file last said: what differs from it was edited, and stays.",
    )

    class Meta:
        ordering = ("vendor", "name")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Defaults are such as the model takes."""
        given = {"default_temperature": self.default_temperature, "default_top_p": self.default_top_p}
        named = [name for name, value in given.items() if value is not None]
        if named and self.sampling == Sampling.NONE:
            raise ValidationError({named[0]: "This model takes neither temperature nor top_p."})
        if len(named) == 2 and self.sampling == Sampling.ONE:
            raise ValidationError({named[1]: "This model takes one of temperature and top_p, not both."})
