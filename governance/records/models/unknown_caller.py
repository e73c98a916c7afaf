from django.db import models

from accounts.access.models import Owned, OwnedBy


class UnknownCaller(Owned):
    """Calls without a valid key, counted: how many came from an address in a minute. Ten rows a minute at most."""

    owned_by = OwnedBy(())

    minute = models.DateTimeField()
    address = models.CharField(
        max_length=50,
        blank=True,
        help_text="Of the client, or a network of it. Empty: all others of the minute together.",
    )
    calls = models.BigIntegerField()
    sample = models.JSONField(help_text="The first of them: why it was refused, and what it asked for.")

    class Meta:
        verbose_name = "caller without a key"
        verbose_name_plural = "callers without a key"
        ordering = ("-minute", "-calls")
        constraints = (
            models.UniqueConstraint(fields=("minute", "address"), name="unknown_caller_once_a_minute"),
        )

    def __str__(self) -> str:
        return f"{self.address or 'Others'}, {self.minute:%Y-%m-%d %H:%M}"
