import pgtrigger
from django.db import models

from kernel.triggers import Trigger


class RootSecret(models.Model):
    """What the installation derives secrets from that must stay the same, encrypted under the master key. One row.

    Placeholders of masked values, internal API keys and the signing secrets of webhooks are derived from it, so that
    another master key changes none of them.
    """

    id = models.SmallAutoField(primary_key=True)
    sealed = models.BinaryField(editable=False, help_text="The secret, encrypted.")
    created_at = models.DateTimeField(auto_now_add=True)
    rewrapped_at = models.DateTimeField("put under another master key at", null=True, editable=False)

    class Meta:
        verbose_name = "root secret"
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="one_root_secret"),)
        triggers = (
            Trigger(name="guarded", function="gatehouse_guard_root_secret"),
            Trigger(name="kept", function="gatehouse_guard_root_secret", operation=pgtrigger.Delete),
        )

    def __str__(self) -> str:
        return "Root secret"
