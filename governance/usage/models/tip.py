from django.db import models

from accounts.models import Team


class Tip(models.Model):
    """What would save a team money, as last looked for: found anew every hour, from its own calls."""

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
