"""The words that the catalogue's columns take."""

from functools import partial
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

PLACE = RegexValidator(
    r"^[a-z][a-z0-9-]{1,30}$", "A region, such as eu-central-1, or a geography, such as eu."
)


class ModelKind(models.TextChoices):
    TEXT = "text", "Text"
    EMBEDDING = "embedding", "Embedding"
    RERANK = "rerank", "Rerank"


class ToolChoice(models.TextChoices):
    AUTO = "auto", "Auto"
    ANY = "any", "Any tool (required)"
    TOOL = "tool", "A named tool"


class Thinking(models.TextChoices):
    BUDGET = "budget", "With a budget of tokens"
    ADAPTIVE = "adaptive", "Adaptive"


class Effort(models.TextChoices):
    LOW = "low", "Low"
    MEDIUM = "medium", "Medium"
    HIGH = "high", "High"
    XHIGH = "xhigh", "Extra high"
    MAX = "max", "Max"


class Sampling(models.TextChoices):
    ALL = "all", "Temperature and top_p"
    ONE = "one", "One of temperature and top_p"
    NONE = "none", "Neither"


class CacheLifetime(models.TextChoices):
    MINUTES = "5m", "Five minutes"
    HOUR = "1h", "One hour"


class CachePlace(models.TextChoices):
    TOOLS = "tools", "Behind tools"
    SYSTEM = "system", "In the system prompt"
    MESSAGES = "messages", "In messages"


class PromptCaching(models.TextChoices):
    CALLER = "caller", "By the caller alone"
    AUTO = "auto", "By Gatehouse where the caller sets none"


class Wish(models.TextChoices):
    COST = "cost", "Cost: a high one"
    NEWEST = "newest", "The newest model"
    MODEL = "model", "A preferred model"


def sampling_default(name: str) -> "models.FloatField[Any, Any]":
    """What is asked for where a caller sets neither temperature nor top_p. Converse takes both from 0 to 1."""
    return models.FloatField(
        f"default {name}",
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text=f"The {name} of calls that set none, from 0 to 1, where the model takes it. A route's goes before its model's. Empty: the model's own.",
    )


def several_of(
    label: str, choices: "type[models.TextChoices]", default: list[str], *, help_text: str = ""
) -> "ArrayField[Any, Any]":
    """Several of a few words."""
    return ArrayField(
        models.CharField(max_length=20, choices=choices.choices),
        default=partial(list, default),
        db_default=default,
        blank=True,
        verbose_name=label,
        help_text=help_text,
    )
