from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from accounts.access.models import Owned, OwnedBy
from accounts.models import Team

LOW_SCORE = 0.5
"""A score below this is negative."""
NEGATIVE = models.Q(helpful=False) | models.Q(helpful__isnull=True, score__lt=LOW_SCORE)


class Feedback(Owned):
    """What an end user says of an answer. One per call and end user: a later one takes its place."""

    owned_by = OwnedBy()

    # No constraint in the database: the record of a call may be written a moment later than this.
    call_id = models.UUIDField("call ID")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="feedback")
    helpful = models.BooleanField(null=True, help_text="Empty: only a score was given.")
    score = models.FloatField(
        null=True,
        validators=(MinValueValidator(0), MaxValueValidator(1)),
        help_text="From 0 to 1, as the application means it.",
    )
    comment = models.TextField(blank=True, help_text="Redacted by the team's rules before it is stored.")
    end_user = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    body_kept_at = models.DateTimeField(
        null=True, editable=False, help_text="Not helpful: when the call's bodies were marked to stay."
    )

    class Meta:
        verbose_name_plural = "feedback"
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("call_id", "end_user"), name="feedback_once"),
            models.CheckConstraint(
                condition=models.Q(helpful__isnull=False) | models.Q(score__isnull=False),
                name="feedback_says_something",
            ),
            models.CheckConstraint(
                condition=models.Q(score__isnull=True) | models.Q(score__gte=0, score__lte=1),
                name="feedback_score_from_0_to_1",
            ),
        )
        indexes = (
            models.Index(fields=("team", "-id"), name="feedback_by_team"),
            models.Index(
                fields=("id",),
                name="feedback_to_keep",
                condition=NEGATIVE & models.Q(body_kept_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        if self.helpful is None:
            return f"Score {self.score:g}"
        return "Helpful" if self.helpful else "Not helpful"
