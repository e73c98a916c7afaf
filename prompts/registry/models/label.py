from django.db import models

from accounts.access.models import Owned, OwnedBy
from accounts.access.policy import Shared
from accounts.models import User
from accounts.policy.roles import Capability
from prompts.registry.models.prompt import NAME, Prompt, PromptVersion


class Label(Owned):
    """A name that points to a version and can be moved: `production`, `staging`, any. Applications call by it."""

    owned_by = OwnedBy(
        ("prompt__team",),
        shared=Shared.EVERYONE,
        change=Capability.EDIT_PROMPTS,
        what="what belongs to prompts shared by all teams",
    )

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

    owned_by = OwnedBy(
        ("prompt__team",),
        shared=Shared.EVERYONE,
        change=Capability.EDIT_PROMPTS,
        what="what belongs to prompts shared by all teams",
    )

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
