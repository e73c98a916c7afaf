from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.access.models import Owned, OwnedBy
from accounts.models.application import Application
from accounts.models.user import User
from accounts.policy.roles import Capability


class ApiKey(Owned):
    """The credential of an application: `gh_<key id>_<secret>`. Only the SHA-256 of the whole text is stored.

    Made, rotated and revoked through `accounts.services.api_keys`, which alone ever sees the text.
    """

    owned_by = OwnedBy(("application__team",), change=Capability.MANAGE_KEYS)

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(
        max_length=100, blank=True, help_text="What this key is for, such as “production”."
    )
    key_id = models.CharField(max_length=16, unique=True, editable=False)
    secret_hash = models.BinaryField(max_length=32, editable=False)
    allowed_models = ArrayField(
        models.CharField(max_length=200),
        default=list,
        blank=True,
        help_text="Names of routes this key may call, separated by commas. Empty: all.",
    )
    allowed_networks = ArrayField(
        models.CharField(max_length=64),
        default=list,
        blank=True,
        help_text="Networks the caller must be in, such as 10.0.0.0/8, separated by commas. Empty: any.",
    )
    created_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: never.")
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)
    rotated_from = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="rotations", editable=False
    )

    class Meta:
        verbose_name = "API key"
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.prefix}…"

    @property
    def prefix(self) -> str:
        """The part of the key that may be shown."""
        return f"gh_{self.key_id}"
