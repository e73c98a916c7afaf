from django.db import models


class WorkerPulse(models.Model):
    """When a queue of background work was last worked on."""

    queue = models.CharField(max_length=32, primary_key=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ("queue",)

    def __str__(self) -> str:
        return f"{self.queue}: {self.at:%Y-%m-%d %H:%M:%S}"
