from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from accounts.access.models import Owned, OwnedBy
from accounts.models import Team, User
from prompts.registry.models.prompt import PromptVersion


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


class Verdict(models.TextChoices):
    """What a reviewer says."""

    APPROVE = "approve", "Approved"
    REQUEST_CHANGES = "request_changes", "Changes requested"


class Review(models.Model):
    """A reviewer's verdict on a version, as submitted; a later one of the same person takes its place."""

    version = models.ForeignKey(PromptVersion, on_delete=models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    verdict = models.CharField(max_length=16, choices=Verdict.choices)
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
