from dataclasses import replace

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q, Value

from accounts.access.models import Owned
from prompts.registry.models import OF_A_PROMPT, Prompt
from prompts.rollout.policy.unsure import Promised


class ServiceContract(Owned):
    """What a prompt promises to its callers, watched on its calls in production. What is empty is not promised."""

    owned_by = OF_A_PROMPT

    class Unsure(models.TextChoices):
        NONE = "", "Nothing is promised"
        FALLBACK = Promised.FALLBACK.value, "Callers get the fallback answer"
        REFUSE = Promised.REFUSE.value, "The call is refused"
        SAY_SO = Promised.SAY_SO.value, "The answer says that it is unsure"

    prompt = models.OneToOneField(Prompt, on_delete=models.CASCADE, related_name="service_contract")
    is_enabled = models.BooleanField("watched", default=True)
    p95_ms = models.PositiveIntegerField(
        "95 % of calls within", null=True, blank=True, help_text="Milliseconds.", validators=(MinValueValidator(1),)
    )  # fmt: skip
    availability = models.DecimalField(
        "availability", null=True, blank=True, max_digits=6, decimal_places=3,
        validators=(MinValueValidator(0), MaxValueValidator(100)),
        help_text="Per cent of calls that get an answer. Those that were the caller's own fault don't count.",
    )  # fmt: skip
    max_cost_nanos = models.BigIntegerField("highest cost per call", null=True, blank=True, help_text="On average.")  # fmt: skip
    format_percent = models.DecimalField(
        "answers that fit the output contract", null=True, blank=True, max_digits=6, decimal_places=3,
        validators=(MinValueValidator(0), MaxValueValidator(100)), help_text="Per cent, after corrections.",
    )  # fmt: skip
    when_unsure = models.CharField(
        "when unsure", max_length=16, blank=True, choices=Unsure.choices,
        help_text="A version is unsure where its knowledge says too little, or its answer says so.",
    )  # fmt: skip
    fallback_percent = models.DecimalField(
        "at most on the fallback answer", null=True, blank=True, max_digits=6, decimal_places=3,
        validators=(MinValueValidator(0), MaxValueValidator(100)), help_text="Per cent of calls.",
    )  # fmt: skip
    window_minutes = models.PositiveIntegerField(
        "watched over", default=60, validators=(MinValueValidator(5), MaxValueValidator(1440)),
        help_text="Minutes. The calls of so long are looked at together.",
    )  # fmt: skip
    minimum_calls = models.PositiveIntegerField(
        "minimum", default=20, validators=(MinValueValidator(1),), help_text="Calls: fewer say too little."
    )  # fmt: skip
    checked_at = models.DateTimeField(null=True, editable=False)
    measured = models.JSONField(default=dict, editable=False, help_text="What was seen at the last check.")
    seen = models.JSONField(
        default=dict, db_default=Value({}, output_field=models.JSONField()), editable=False,
        help_text="How many calls were looked at then, and how many of them were unsure.",
    )  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("prompt__name", "id")

    def __str__(self) -> str:
        return f"{self.prompt}"


class ContractBreach(Owned):
    """A promise that was not kept, from the check that found it to the one that found it kept again."""

    owned_by = replace(OF_A_PROMPT, paths=("contract__prompt__team",))

    class Term(models.TextChoices):
        LATENCY = "latency", "Latency"
        AVAILABILITY = "availability", "Availability"
        COST = "cost", "Cost"
        FORMAT = "format", "Output format"
        FALLBACK = "fallback", "Fallback answers"
        UNSURE = "unsure", "When unsure"

    contract = models.ForeignKey(ServiceContract, on_delete=models.CASCADE, related_name="breaches")
    term = models.CharField(max_length=16, choices=Term.choices)
    promised = models.CharField(max_length=60)
    measured = models.CharField(max_length=100, help_text="What was seen last.")
    calls = models.PositiveIntegerField(help_text="So many calls were looked at.")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "contract breaches"
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("contract", "term"), name="contract_breach_open_once", condition=Q(ended_at__isnull=True)
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.contract}: {self.get_term_display()}"
