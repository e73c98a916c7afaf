"""Prompts and their versions, the labels that lead to them, and reviews."""

import msgspec
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from accounts.access.models import Owned, OwnedBy
from accounts.access.policy import Shared
from accounts.models import Team, User
from accounts.policy.roles import Capability
from kernel.triggers import Trigger
from prompts.registry.policy.document import decode_document
from prompts.registry.policy.output_contract import misfit

OF_A_PROMPT = OwnedBy(
    ("prompt__team",),
    shared=Shared.EVERYONE,
    change=Capability.EDIT_PROMPTS,
    what="what belongs to prompts shared by all teams",
)
"""Whose the rows are that refer to a prompt, and go along with it."""
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

    def clean(self) -> None:
        """The fallback answer fits the output contract of every version that applications call."""
        if self.pk is None:
            return
        for label in self.labels.select_related("version"):
            if error := self.misfit(label.version):
                raise ValidationError({"fallback": f"Version {label.version.number} ({label.name}): {error}"})

    def misfit(self, version: "PromptVersion") -> str:
        """Why the fallback answer breaks the version's output contract; "" where it does not."""
        if not self.fallback:
            return ""
        try:
            output = decode_document(version.document).output
        except msgspec.ValidationError:
            return ""
        error = misfit(output, self.fallback)
        return f"The fallback answer breaks its output contract: {error}" if error else ""


class VersionState(models.TextChoices):
    """How far a version is."""

    DRAFT = "draft", "Draft"
    IN_REVIEW = "in_review", "In review"
    APPROVED = "approved", "Approved"
    WITHDRAWN = "withdrawn", "Withdrawn"


class PromptVersion(Owned):
    """What a prompt says. A draft is changed in place; once submitted it never changes again (a trigger sees to it)."""

    owned_by = OF_A_PROMPT

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
    proposal = models.CharField(
        max_length=16, blank=True, default="", db_default="", editable=False,
        help_text="What Gatehouse proposed it for: shorter. Then it is taken only where the prompt's tests hold. Empty: people wrote it.",
    )  # fmt: skip
    proposed_of = models.PositiveIntegerField(null=True, editable=False, help_text="The number of the version that it was made from.")  # fmt: skip
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


class Label(Owned):
    """A name that points to a version and can be moved: `production`, `staging`, any. Applications call by it."""

    owned_by = OF_A_PROMPT

    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="labels")
    name = models.CharField(max_length=50, validators=(NAME,))
    version = models.ForeignKey(PromptVersion, on_delete=models.PROTECT, related_name="labels")
    is_protected = models.BooleanField(
        "protected", default=False, help_text="Moves only to an approved version whose required tests passed."
    )
    moved_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=("prompt", "name"), name="prompt_label_once"),)

    def __str__(self) -> str:
        return self.name


class LabelMove(Owned):
    """One move of a label, for good. Version ids are kept as numbers too: the record outlives what it names."""

    owned_by = OF_A_PROMPT

    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="label_moves")
    label = models.CharField(max_length=50)
    from_version = models.PositiveIntegerField(null=True, help_text="The number of the version before.")
    to_version = models.PositiveIntegerField(null=True, help_text="Empty: the label was taken away.")
    reason = models.TextField(blank=True)
    is_automatic = models.BooleanField(default=False)
    moved_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.label}: {self.from_version or 'nothing'} → {self.to_version or 'nothing'}"


class Part(models.TextChoices):
    """Parts of a version that an approval rule can ask about."""

    MESSAGES = "messages", "Messages and examples"
    VARIABLES = "variables", "Variables"
    MODEL = "model", "Model and parameters"
    TOOLS = "tools", "Tools"
    OUTPUT = "output", "Output contract"
    PRIVACY = "privacy", "Privacy policy"
    CONTEXT = "context", "Context and knowledge"
    LIMITS = "limits", "Token limits"


class ReviewRule(Owned):
    """How many approvals the versions of a team's prompts take, and from whom. Every rule that applies must be met."""

    owned_by = OwnedBy()

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="review_rules")
    name = models.CharField(
        max_length=100, help_text="What reviewers read, such as “Legal reads changed words”."
    )
    approvals = models.PositiveSmallIntegerField(
        default=1, validators=(MinValueValidator(1), MaxValueValidator(20))
    )
    tag = models.CharField(max_length=50, blank=True, help_text="Only for prompts with this tag. Empty: all.")
    parts = ArrayField(
        models.CharField(max_length=16, choices=Part.choices),
        default=list,
        blank=True,
        help_text="Only where one of these parts changed. Empty: whatever changed.",
    )
    reviewers = models.ManyToManyField(
        User,
        blank=True,
        related_name="+",
        help_text="Whose approvals count. Empty: everybody's who may approve in the team.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("team__name", "name")
        constraints = (models.UniqueConstraint(fields=("team", "name"), name="review_rule_once"),)

    def __str__(self) -> str:
        return self.name


class ReviewVerdict(models.TextChoices):
    """What a reviewer says."""

    APPROVE = "approve", "Approved"
    REQUEST_CHANGES = "request_changes", "Changes requested"


class Review(models.Model):
    """A reviewer's verdict on a version, as submitted; a later one of the same person takes its place."""

    version = models.ForeignKey(PromptVersion, on_delete=models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    verdict = models.CharField(max_length=16, choices=ReviewVerdict.choices)
    comment = models.TextField(blank=True)
    digest = models.CharField(max_length=64, help_text="Of the document that was read.")
    is_stale = models.BooleanField(default=False, help_text="The version was taken back and changed since.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.reviewer}: {self.get_verdict_display()}"


class ReviewComment(models.Model):
    """A remark on one place of a version."""

    version = models.ForeignKey(PromptVersion, on_delete=models.CASCADE, related_name="comments")
    path = models.CharField(max_length=200, blank=True, help_text="Such as “messages.0”. Empty: the whole.")
    line = models.PositiveIntegerField(null=True, help_text="From 1.")
    text = models.TextField()
    author = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    is_resolved = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.text[:80]
