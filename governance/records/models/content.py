"""What was said in calls, apart from their records: it can be let go earlier, and kept in another database."""

import pgtrigger
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.functions import Now

from kernel.transaction_id import transaction_id
from kernel.triggers import Trigger


def _append_only(*columns: str) -> tuple[Trigger, ...]:
    """Contents are let go, but never rewritten. One thing changes: one that was to be let go may be marked to stay."""
    return (
        Trigger(
            name="append_only",
            operation=pgtrigger.UpdateOf(*columns),  # type: ignore[no-untyped-call]
            function="gatehouse_refuse_update",
        ),
        Trigger(
            name="only_marked_to_stay",
            condition=pgtrigger.Condition("NEW.kept_until IS NOT NULL"),
            function="gatehouse_refuse_update",
        ),
    )


class Content(models.Model):
    """What the tables of bodies have in common. A team is a number: it may be in another database."""

    call_id = models.UUIDField(primary_key=True)
    team_id = models.BigIntegerField(null=True)
    kept_until = models.DateTimeField(null=True, help_text="Let go then. Null: it stays.")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.call_id)


class AuditContent(Content):
    """The redacted request and answer of a call."""

    request = models.TextField(blank=True, help_text="JSON: the conversation as the model saw it.")
    answer = models.TextField(
        blank=True, help_text="JSON: the content blocks of the answer, placeholders in place."
    )
    xact_id = transaction_id()

    class Meta:
        indexes = (
            models.Index(fields=("xact_id",), name="content_by_xact"),
            models.Index(
                fields=("kept_until",),
                name="content_let_go",
                condition=models.Q(kept_until__isnull=False),
            ),
        )
        triggers = (
            *_append_only("call_id", "team_id", "request", "answer", "xact_id"),
            Trigger(
                name="forget_words",
                when=pgtrigger.After,
                operation=pgtrigger.Delete,
                function="gatehouse_forget_words",
            ),
        )


class SealedContent(Content):
    """The request and answer before masking, under the key of the call's team."""

    generation = models.PositiveIntegerField(help_text="Which of the team's keys opens it.")
    sealed = models.BinaryField(help_text="A nonce of 12 bytes, then what AES-256-GCM made of the text.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = (
            models.Index(
                fields=("kept_until",), name="sealed_let_go", condition=models.Q(kept_until__isnull=False)
            ),
        )
        triggers = _append_only("call_id", "team_id", "generation", "sealed", "created_at")


class ContentIndex(models.Model):
    """The words of a call's redacted bodies, to search by. It goes when they go (a trigger sees to it)."""

    content = models.OneToOneField(
        AuditContent, primary_key=True, db_column="call_id", on_delete=models.CASCADE, related_name="+",
        db_constraint=False,
    )  # fmt: skip
    team_id = models.BigIntegerField(null=True)
    words = SearchVectorField()

    class Meta:
        indexes = (GinIndex(fields=("words",), name="content_words"),)

    def __str__(self) -> str:
        return str(self.pk)


class ContentIndexState(models.Model):
    """How far the index of words goes: all that transactions before `watermark` wrote is in it. One row."""

    watermark = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.watermark)
