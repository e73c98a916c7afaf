"""What people say of calls: reviewers their verdicts, end users their feedback."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from accounts.access.models import Owned, OwnedBy
from accounts.models import Team, User
from accounts.policy.roles import Capability


class CallReview(Owned):
    """What a person found who looked at a call. Never changed: a later one takes its place, and both stay on record."""

    owned_by = OwnedBy(see=Capability.VIEW_CONTENT, change=Capability.REVIEW_CALLS)

    class Verdict(models.TextChoices):
        GOOD = "good", "Nothing wrong"
        ANSWER = "answer", "Wrong or poor answer"
        PRIVACY = "privacy", "Personal data got through"
        MISUSE = "misuse", "Attack or misuse"
        FALSE_ALARM = "false_alarm", "Flagged for no reason"

    FAULTS = (Verdict.ANSWER, Verdict.PRIVACY, Verdict.MISUSE)
    """Verdicts by which the answer is not one to repeat."""

    # No constraints in the database: the entry outlives the call and the person that it names.
    call_id = models.UUIDField("call ID", db_index=True)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="call_reviews")
    reviewer = models.ForeignKey(User, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    email = models.CharField("who", max_length=254)
    verdict = models.CharField(max_length=16, choices=Verdict.choices)
    note = models.TextField(blank=True, help_text="Redacted by the team's rules before it is stored.")
    expected = models.TextField(
        blank=True, help_text="What the answer should have been, redacted likewise. Test cases expect it."
    )
    created_at = models.DateTimeField("when", auto_now_add=True)
    replaced_at = models.DateTimeField(null=True, help_text="When a later review took its place.")

    class Meta:
        verbose_name = "review of a call"
        verbose_name_plural = "reviews of calls"
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("call_id",),
                condition=models.Q(replaced_at__isnull=True),
                name="call_review_one_stands",
            ),
        )
        indexes = (
            models.Index(fields=("team", "-id"), name="call_review_by_team"),
            models.Index(
                fields=("team", "verdict"), include=("call_id",), name="call_review_by_verdict",
                condition=models.Q(replaced_at__isnull=True),
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return str(self.get_verdict_display())


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
