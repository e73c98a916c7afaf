from django.db import models

from accounts.access.models import Owned, OwnedBy
from accounts.models import Team


class Tip(Owned):
    """What would save a team money, as last looked for: found anew every hour, from its own calls."""

    owned_by = OwnedBy()

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="tips")
    kind = models.CharField(max_length=32)
    title = models.CharField(max_length=500)
    text = models.TextField()
    saving_nanos = models.BigIntegerField(default=0, help_text="A month's; 0 where it is no money.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-saving_nanos", "id")

    def __str__(self) -> str:
        return self.title
