"""Who signed in, who tried to, and who has tried too often."""

from django.db import models

from accounts.access.models import Owned, OwnedBy
from accounts.models.user import User


class SignIn(models.Model):
    """One sign-in of a person in one browser, for as long as it holds. The session names it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_ins")
    address = models.CharField(max_length=64, blank=True)
    client = models.CharField(max_length=300, blank=True, help_text="What the browser says it is.")
    began_at = models.DateTimeField("signed in")
    seen_at = models.DateTimeField("last seen", help_text="To the minute.")
    ended_at = models.DateTimeField("ended", null=True)

    class Meta:
        verbose_name = "sign-in"
        ordering = ("-began_at", "-id")

    def __str__(self) -> str:
        return f"{self.user}, {self.began_at:%Y-%m-%d %H:%M}"


class SignInAttempt(Owned):
    """What became of one attempt to sign in. Of attempts that are refused unread the first of a time is here."""

    owned_by = OwnedBy((), what="attempts to sign in")

    class Outcome(models.TextChoices):
        SUCCEEDED = "succeeded", "Signed in"
        FAILED = "failed", "Wrong address or password"
        REFUSED = "refused", "Too many tries"

    at = models.DateTimeField()
    account = models.CharField(
        max_length=254, blank=True, help_text="As it was typed. Empty: it was no e-mail address."
    )
    user = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    address = models.CharField(max_length=64, blank=True)
    outcome = models.CharField(max_length=16, choices=Outcome.choices)

    class Meta:
        verbose_name = "attempt to sign in"
        verbose_name_plural = "attempts to sign in"
        ordering = ("-at", "-id")
        indexes = (models.Index(fields=("-at", "-id"), name="sign_in_attempt_newest"),)

    def __str__(self) -> str:
        return f"{self.account or 'Somebody'}: {self.get_outcome_display()}"


class SignInCount(Owned):
    """Tries to sign in of late: for one account, or from one address. Successes are not counted."""

    owned_by = OwnedBy((), what="locks of sign-ins")

    class Kind(models.TextChoices):
        ACCOUNT = "account", "Account"
        ADDRESS = "address", "Address"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    subject = models.CharField(max_length=254)
    tries = models.PositiveIntegerField()
    began_at = models.DateTimeField("since")

    class Meta:
        verbose_name = "locked sign-in"
        ordering = ("-began_at", "-id")
        constraints = (models.UniqueConstraint(fields=("kind", "subject"), name="sign_in_count_once"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.subject}"
