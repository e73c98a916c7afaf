from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.access.models import Owned, OwnedBy
from accounts.models import Team
from accounts.policy.roles import Capability
from kernel.triggers import Trigger


class TeamKey(Owned):
    """A key that a team's raw text is encrypted with, itself encrypted. Erasing its bytes erases the text, for good."""

    owned_by = OwnedBy(change=Capability.MANAGE_DATA_KEYS)

    class Provider(models.TextChoices):
        LOCAL = "local", "Master key of this installation"
        KMS = "kms", "AWS KMS"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="data_keys")
    generation = models.PositiveIntegerField(help_text="1 is the team's first key.")
    provider = models.CharField("protected by", max_length=16, choices=Provider.choices)
    kms_key_id = models.CharField("KMS key", max_length=2048, blank=True)
    wrapped = models.BinaryField(null=True, editable=False, help_text="The key, encrypted. Null: erased.")
    created_at = models.DateTimeField(auto_now_add=True)
    rewrapped_at = models.DateTimeField("last encrypted anew at", null=True, editable=False)
    retired_at = models.DateTimeField(
        "replaced at", null=True, editable=False, help_text="Since then it only decrypts."
    )
    erased_at = models.DateTimeField(null=True, editable=False)
    erased_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    erased_by_email = models.CharField("erased by", max_length=254, blank=True, editable=False)
    erased_reason = models.CharField("why", max_length=500, blank=True, editable=False)

    class Meta:
        verbose_name = "encryption key"
        ordering = ("team", "-generation")
        constraints = (
            models.UniqueConstraint(fields=("team", "generation"), name="team_key_generation"),
            models.UniqueConstraint(
                fields=("team",),
                condition=Q(retired_at__isnull=True, erased_at__isnull=True),
                name="one_live_team_key",
            ),
            models.CheckConstraint(
                condition=Q(wrapped__isnull=True, erased_at__isnull=False)
                | Q(wrapped__isnull=False, erased_at__isnull=True),
                name="erased_team_key_has_no_bytes",
            ),
        )
        triggers = (Trigger(name="only_erased", function="gatehouse_guard_team_key"),)

    def __str__(self) -> str:
        return f"Key {self.generation} of {self.team}"

    @property
    def is_live(self) -> bool:
        """Whether new text is encrypted with it."""
        return self.retired_at is None and self.erased_at is None
