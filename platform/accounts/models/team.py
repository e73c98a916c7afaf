import uuid

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from accounts.access.models import Owned, OwnedBy


class Team(Owned):
    """Who pays for calls: owns applications, their keys, and a budget."""

    owned_by = OwnedBy(("pk",), what="new teams")

    name = models.CharField(max_length=100, unique=True)
    description = models.TextField(blank=True)
    public_id = models.UUIDField(
        default=uuid.uuid4, unique=True, editable=False, help_text="Seeds the keys derived for this team."
    )
    weight = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="The team's share where calls must queue: a team with 2 goes twice as often as one with 1.",
    )
    response_days = models.PositiveSmallIntegerField(
        "days that responses are stored", null=True, blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
        help_text="Of OpenAI's Responses API, so that callers can go on from them: masked, and encrypted with the team's key. "
        "Empty: they are not stored.",
    )  # fmt: skip
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
