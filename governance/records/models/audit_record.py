from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from accounts.access.models import Owned, OwnedBy
from accounts.models import ApiKey, Application, Team
from kernel.transaction_id import transaction_id
from kernel.triggers import Trigger


class CallStatus(models.TextChoices):
    """How a call ended."""

    SUCCEEDED = "succeeded", "Succeeded"
    REFUSED = "refused", "Refused"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    EXPIRED = "expired", "Expired"


class BodyState(models.TextChoices):
    """What is stored of what was said in a call."""

    REDACTED = "redacted", "Redacted"
    RAW = "raw", "Redacted, and raw under encryption"
    NO_KEY = "no_key", "Redacted only: raw was asked for, but the team's key could not be used"
    SAMPLED_OUT = "sampled_out", "Not stored: not in the sample"
    NONE = "none", "Not stored: storage is switched off"
    NOT_REDACTED = "not_redacted", "Not stored: the call was refused before its text was redacted"
    LOST = "lost", "Not stored: the database of bodies could not be reached"


class WireFormat(models.TextChoices):
    """The entrance a call came through."""

    OPENAI = "openai", "OpenAI"
    ANTHROPIC = "anthropic", "Anthropic"
    RESPONSES = "responses", "OpenAI Responses"
    CONVERSE = "converse", "Bedrock Converse"
    INVOKE = "invoke", "Bedrock InvokeModel"
    BEDROCK = "bedrock", "Bedrock, without a model"
    WEBSOCKET = "websocket", "WebSocket"
    PROMPT = "prompt", "Prompt"


def _reference(to: type[models.Model]) -> "models.ForeignKey[models.Model | None, models.Model | None]":
    # No constraint in the database: a record outlives what it names, and an insert checks nothing.
    return models.ForeignKey(
        to, null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )


class AuditRecord(Owned):
    """What happened to one call: exactly one per call, append-only. Written by the ledger's functions in Postgres."""

    owned_by = OwnedBy()

    call_id = models.UUIDField("call ID", primary_key=True)
    started_at = models.DateTimeField()
    team = _reference(Team)
    application = _reference(Application)
    api_key = _reference(ApiKey)
    feature = models.CharField(max_length=200, blank=True)
    end_user = models.CharField(max_length=200, blank=True)
    session = models.CharField(max_length=200, blank=True, default="", db_default="")

    wire_format = models.CharField("format", max_length=16, choices=WireFormat.choices)
    is_stream = models.BooleanField("streamed")
    status = models.CharField(max_length=16, choices=CallStatus.choices)
    http_status = models.PositiveSmallIntegerField("HTTP status")
    code = models.CharField(max_length=64, blank=True, help_text="The refusal's code.")
    message = models.TextField(blank=True, help_text="What the caller was told.")

    requested_model = models.CharField(max_length=300, blank=True)
    route = models.CharField(max_length=200, blank=True)
    model = models.CharField(max_length=200, blank=True)
    provider = models.CharField(
        max_length=20, blank=True, default="", db_default="", help_text="Who was asked. Empty: Bedrock."
    )
    region = models.CharField(max_length=32, blank=True)
    invoke_id = models.CharField(max_length=300, blank=True)
    upstream_request_id = models.CharField(max_length=100, blank=True)
    tier = models.CharField(max_length=16, blank=True, help_text="The price tier. Empty: standard.")
    price_id = models.BigIntegerField(null=True, help_text="The price in force when the call was admitted.")
    attempts = models.PositiveSmallIntegerField(default=0)
    stop_reason = models.CharField(max_length=64, blank=True)

    input_tokens = models.IntegerField(default=0)
    output_tokens = models.IntegerField(default=0)
    cache_read_tokens = models.IntegerField(default=0)
    cache_write_tokens = models.IntegerField(default=0)
    cache_write_1h_tokens = models.IntegerField(default=0, help_text="Those of the above kept for an hour.")
    images = models.IntegerField(default=0)
    max_tokens = models.IntegerField(default=0, help_text="Tokens the answer was allowed.")
    counted_input_tokens = models.IntegerField(default=0, help_text="Estimated before the call.")
    reserved_nanos = models.BigIntegerField("reserved", default=0)
    cost_nanos = models.BigIntegerField("cost", default=0)
    cache_saved_nanos = models.BigIntegerField(
        "saved by the prompt cache",
        default=0,
        db_default=0,
        help_text="What was read from it at the price of input, less what was written to it above that price.",
    )
    is_estimated = models.BooleanField("estimated", default=False)

    duration_ms = models.FloatField(default=0)
    first_token_ms = models.FloatField(null=True)
    stages = models.JSONField(default=list, help_text="[[stage, milliseconds, outcome], …] in order.")
    findings = models.JSONField(
        default=dict, help_text="{kind: count} of the personal data that was found in the request."
    )
    checks = models.JSONField(
        default=dict,
        help_text="Which policies held, what was checked, on how much of the text, and what came of it. Never values.",
    )
    is_flagged = models.BooleanField("flagged for review", default=False)
    request_id = models.CharField("request ID", max_length=200, blank=True)
    client_ip = models.GenericIPAddressField(null=True)
    is_demo = models.BooleanField(default=False)
    prompt_digest = models.CharField(
        max_length=32,
        blank=True,
        help_text="Keyed hash of what was sent: equal prompts of a team have equal ones.",
    )
    prefix_digest = models.CharField(
        max_length=32,
        blank=True,
        help_text="Keyed hash of tools and system prompt, which a cache could keep.",
    )
    prefix_tokens = models.IntegerField(
        default=0, help_text="About how many tokens tools and system prompt have."
    )
    prompt_id = models.BigIntegerField(null=True, help_text="The prompt that was run, if one was.")
    prompt_name = models.CharField("prompt", max_length=100, blank=True)
    prompt_version = models.PositiveIntegerField(null=True)
    prompt_label = models.CharField(max_length=50, blank=True)
    prompt_run = models.JSONField(
        default=dict,
        help_text="How the prompt was run: experiment and arm, rollout, output contract, sources. Never values.",
    )
    body = models.CharField(max_length=16, blank=True, choices=BodyState.choices)
    body_until = models.DateTimeField(
        null=True, help_text="Not in the sample: the body is let go then, unless it is marked to stay."
    )
    xact_id = transaction_id()

    class Meta:
        verbose_name = "call"
        ordering = ("-call_id",)
        indexes = (
            # Records come in the order of their time, so a few bytes for many pages do.
            BrinIndex(fields=("started_at",), name="call_by_time"),
            BrinIndex(fields=("xact_id",), name="call_by_xact", pages_per_range=16, autosummarize=True),
            models.Index(fields=("team", "-call_id"), name="call_by_team"),
            models.Index(fields=("application", "-call_id"), name="call_by_application"),
            models.Index(fields=("model", "-call_id"), name="call_by_model"),
            models.Index(
                fields=("status", "-call_id"),
                name="call_not_succeeded",
                condition=~models.Q(status=CallStatus.SUCCEEDED),
            ),
            models.Index(
                fields=("prompt_id", "-call_id"),
                name="call_by_prompt",
                condition=models.Q(prompt_id__isnull=False),
            ),
            models.Index(fields=("-call_id",), name="call_flagged", condition=models.Q(is_flagged=True)),
        )
        triggers = (Trigger(name="append_only", function="gatehouse_refuse_rewrite"),)

    def __str__(self) -> str:
        return str(self.call_id)
