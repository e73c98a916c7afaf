import uuid

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from accounts.access.models import Owned, OwnedBy
from kernel.time_zones import known_zone


class EndUserSource(models.TextChoices):
    """Members by which clients tell whom a call is for."""

    USER_ID = "user_id", "metadata.user_id (Anthropic, Claude Code)"
    USER = "user", "user (OpenAI)"
    SAFETY_IDENTIFIER = "safety_identifier", "safety_identifier (OpenAI)"
    PROMPT_CACHE_KEY = "prompt_cache_key", "prompt_cache_key (OpenAI, Codex)"


class SessionSource(models.TextChoices):
    """Where clients tell the session that a call is of."""

    HEADERS = "headers", "Headers of Claude Code, Codex and opencode"
    USER_ID = "user_id", "metadata.user_id (Claude Code)"
    PROMPT_CACHE_KEY = "prompt_cache_key", "prompt_cache_key (OpenAI, Codex)"


class LoopAction(models.TextChoices):
    """What is done about an agent that repeats itself."""

    OFF = "off", "Nothing"
    WARN = "warn", "Warn in a header"
    STOP = "stop", "Refuse the call"


def usual_session_sources() -> list[str]:
    """Where agents name one run of theirs. A `prompt_cache_key` is often the same for all that an application does."""
    return [SessionSource.HEADERS.value, SessionSource.USER_ID.value]


class Team(Owned):
    """Who pays for calls: owns applications, their keys, and a budget."""

    owned_by = OwnedBy(("pk",), what="new teams")

    name = models.CharField(max_length=100, unique=True)
    description = models.TextField(blank=True)
    public_id = models.UUIDField(
        default=uuid.uuid4, unique=True, editable=False, help_text="Seeds the keys derived for this team."
    )
    weight = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="The team's share where calls must queue: a team with 2 goes twice as often as one with 1.",
    )
    end_user_from = ArrayField(
        models.CharField(max_length=32, choices=EndUserSource.choices),
        default=list,
        db_default=[],
        blank=True,
        verbose_name="end users from",
        help_text="Where clients tell whom a call is for, beside X-Gatehouse-End-User: the first that says something. "
        "Whoever has a key may write it.",
    )
    session_from = ArrayField(
        models.CharField(max_length=32, choices=SessionSource.choices),
        default=usual_session_sources,
        db_default=["headers", "user_id"],
        blank=True,
        verbose_name="sessions from",
        help_text="Where clients tell which session a call is of, beside X-Gatehouse-Session.",
    )
    time_zone = models.CharField(
        max_length=64,
        validators=[known_zone],
        blank=True,
        default="",
        db_default="",
        help_text="By whose clock the half-days of kept answers begin, such as Europe/Berlin. Empty: GATEHOUSE_TIME_ZONE.",
    )
    loop_action = models.CharField(
        "when an agent repeats itself",
        max_length=8,
        choices=LoopAction.choices,
        default=LoopAction.WARN,
        db_default=LoopAction.WARN,
        help_text="An agent that repeats itself asks for the same tool with the same arguments, gets the same error, or gives "
        "the same answer, again and again in one session.",
    )
    loop_repeats = models.PositiveSmallIntegerField(
        "repeats",
        default=3,
        db_default=3,
        validators=[MinValueValidator(2), MaxValueValidator(100)],
        help_text="How often the same is a loop.",
    )
    loop_tokens = models.PositiveIntegerField(
        "tokens without progress",
        default=0,
        db_default=0,
        help_text="Tokens of one session without a tool call or an answer that is new, which count as a loop, too. 0: any number.",
    )
    response_days = models.PositiveSmallIntegerField(
        "days that responses are stored", null=True, blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
        help_text="Of OpenAI's Responses API, so that callers can go on from them: masked, and encrypted with the team's key. "
        "Empty: they are not stored.",
    )  # fmt: skip
    regions = ArrayField(
        models.CharField(
            max_length=32,
            validators=[
                RegexValidator(
                    r"^[a-z][a-z0-9-]{1,30}$", "A region, such as eu-central-1, or a geography, such as eu."
                )
            ],
        ),
        default=list,
        db_default=[],
        blank=True,
        help_text="Calls are answered in these regions or geographies only (eu-central-1, eu), fail-overs too. Empty: anywhere.",
    )
    may_leave_aws = models.BooleanField(
        "may leave AWS",
        default=False,
        db_default=False,
        help_text="Whether calls of this team may go to providers beside Bedrock.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
