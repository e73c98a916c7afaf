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
