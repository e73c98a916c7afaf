from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from accounts.access.models import Owned, OwnedBy
from accounts.access.policy import Shared
from accounts.models import Team, User
from accounts.policy.roles import Capability
from kernel.triggers import Trigger

NAME = RegexValidator(
    r"^[a-z0-9][a-z0-9._-]*\Z", "Use lower-case letters, digits, dots, dashes and underscores."
)


class Prompt(Owned):
    """A named prompt that applications call: of a team, or, without one, shared by all. Its words are in its versions."""

    owned_by = OwnedBy(
        shared=Shared.EVERYONE, change=Capability.EDIT_PROMPTS, what="prompts shared by all teams"
    )

    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.PROTECT, related_name="prompts",
        help_text="Empty: shared by all teams.",
    )  # fmt: skip
    name = models.CharField(
        max_length=100, validators=(NAME,), help_text="What applications call, such as “support-reply”."
    )
    description = models.TextField(blank=True, help_text="What it is for, and who may be asked about it.")
    tags = ArrayField(
        models.CharField(max_length=50),
        default=list,
        blank=True,
        help_text="Separated by commas. Approval rules may go by them.",
    )
    is_enabled = models.BooleanField(
        "switched on",
        default=True,
        help_text="Switched off, every call gets the fallback answer, and no model is asked.",
    )
    fallback = models.TextField(
        blank=True, help_text="What callers get when the prompt is switched off, or when its answer can't be used."
    )  # fmt: skip
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name", "id")
        constraints = (
            models.UniqueConstraint(fields=("team", "name"), name="prompt_name_once_per_team"),
            models.UniqueConstraint(
                fields=("name",), name="prompt_shared_name_once", condition=Q(team__isnull=True)
            ),
        )

    def __str__(self) -> str:
        return self.name


class VersionState(models.TextChoices):
    """How far a version is."""

    DRAFT = "draft", "Draft"
    IN_REVIEW = "in_review", "In review"
    APPROVED = "approved", "Approved"
    WITHDRAWN = "withdrawn", "Withdrawn"


class PromptVersion(Owned):
    """What a prompt says. A draft is changed in place; once submitted it never changes again (a trigger sees to it)."""

    owned_by = OwnedBy(
        ("prompt__team",),
        shared=Shared.EVERYONE,
        change=Capability.EDIT_PROMPTS,
        what="what belongs to prompts shared by all teams",
    )

    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=16, choices=VersionState.choices, default=VersionState.DRAFT)
    document = models.JSONField(default=dict, help_text="See prompts.registry.policy.document.")
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the document, set when submitted.")  # fmt: skip
    revision = models.PositiveIntegerField(
        default=1, help_text="Revision for optimistic locking; a save with a stale revision is rejected."
    )
    note = models.TextField("what changed", blank=True)
    goal = models.TextField(
        blank=True, help_text="The measurable effect expected of the change, such as “fewer follow-up questions”."
    )  # fmt: skip
    author = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+", editable=False)
    editors = ArrayField(
        models.BigIntegerField(), default=list, db_default=[], editable=False,
        help_text="Ids of all who saved it as a draft, the last one last: none of them reviews it.",
    )  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    submitted_at = models.DateTimeField(null=True, editable=False)
    approved_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ("-number",)
        constraints = (
            models.UniqueConstraint(fields=("prompt", "number"), name="prompt_version_number_once"),
        )
        triggers = (Trigger(name="never_changed", function="gatehouse_guard_prompt_version"),)

    def __str__(self) -> str:
        return f"{self.prompt} version {self.number}"

    @property
    def is_draft(self) -> bool:
        return self.state == VersionState.DRAFT
