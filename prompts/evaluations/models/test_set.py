import uuid

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from accounts.access.models import Owned, OwnedBy
from accounts.models import Team, User
from accounts.policy.roles import Capability
from prompts.registry.models.prompt import Prompt


class TestSet(Owned):
    """Cases for a prompt, and what is expected of every answer. The team runs them, and pays for that."""

    owned_by = OwnedBy(see=Capability.VIEW_CONTENT, change=Capability.EDIT_PROMPTS)

    __test__ = False  # it is nothing for pytest to collect

    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, related_name="test_sets", help_text="The team whose budget its runs are charged to."
    )  # fmt: skip
    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="test_sets")
    name = models.CharField(max_length=100, help_text="Such as “Refunds” or “Hard questions”.")
    description = models.TextField(blank=True)
    assertions = models.JSONField(
        "assertions for every case",
        default=list,
        blank=True,
        help_text="A JSON list, such as [{“kind”: “contains”, “texts”: [“refund”]}, {“kind”: “latency”, “at_most_ms”: 3000}]. "
        "Kinds: equals, contains, pattern, json_schema, numeric, similarity, forbidden, latency, cost, judge. "
        "A case may have more of its own.",
    )
    is_required = models.BooleanField(
        "required",
        default=False,
        help_text="A protected label takes a version only when the last run of this set on that version passed.",
    )
    pass_percent = models.PositiveSmallIntegerField(
        "passes at",
        default=100,
        validators=(MinValueValidator(1), MaxValueValidator(100)),
        help_text="Percentage of answers that must pass for a run to pass.",
    )
    revision = models.PositiveIntegerField(
        default=1, editable=False, help_text="Revision; incremented by every change to a case or assertion."
    )
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+", editable=False)  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("prompt__name", "name", "id")
        constraints = (models.UniqueConstraint(fields=("team", "prompt", "name"), name="test_set_name_once"),)

    def __str__(self) -> str:
        return f"{self.prompt}: {self.name}"


class TestCase(Owned):
    """One case. It is never changed: a changed case is a new row with the same `key`, so that old results keep theirs."""

    owned_by = OwnedBy(("test_set__team",), see=Capability.VIEW_CONTENT, change=Capability.EDIT_PROMPTS)

    __test__ = False

    class Source(models.TextChoices):
        TYPED = "typed", "Typed in"
        CSV = "csv", "CSV"
        JSONL = "jsonl", "JSON lines"
        CALL = "call", "A recorded call"

    test_set = models.ForeignKey(TestSet, on_delete=models.CASCADE, related_name="cases")
    key = models.UUIDField(default=uuid.uuid4, editable=False)
    position = models.PositiveIntegerField(default=0)
    variables = models.JSONField(default=dict, blank=True)
    expected = models.JSONField(null=True, blank=True, help_text="A text, or JSON. Empty: nothing to compare with.")  # fmt: skip
    assertions = models.JSONField(default=list, blank=True, help_text="Besides those of the test set.")
    note = models.TextField(blank=True)
    source = models.CharField(max_length=8, choices=Source.choices, default=Source.TYPED, editable=False)
    call_id = models.UUIDField(null=True, editable=False, help_text="The call it was made from.")
    removed_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("position", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("test_set", "key"), name="test_case_once", condition=Q(removed_at__isnull=True)
            ),
        )
        indexes = (
            models.Index(
                fields=("test_set", "position"), name="test_case_order", condition=Q(removed_at__isnull=True)
            ),
        )

    def __str__(self) -> str:
        return f"Case {self.position}"
