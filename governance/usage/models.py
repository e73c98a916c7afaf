"""Sums of usage, tips, and what AWS says that calls used and cost."""

from django.db import models

from accounts.access.models import Owned, OwnedBy
from accounts.models import Application, Team


class UsageFigures(models.Model):
    """Sums over calls: kept by `gatehouse_roll_up` in Postgres alone. References are 0 where a call had none."""

    team_id = models.BigIntegerField(default=0)
    calls = models.BigIntegerField(default=0)
    succeeded = models.BigIntegerField(default=0)
    failed = models.BigIntegerField(default=0, help_text="Failed and expired.")
    refused = models.BigIntegerField(default=0)
    cancelled = models.BigIntegerField(default=0)
    input_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    cache_read_tokens = models.BigIntegerField(default=0)
    cache_write_tokens = models.BigIntegerField(default=0)
    cost_nanos = models.BigIntegerField(default=0)
    failed_cost_nanos = models.BigIntegerField(
        default=0, help_text="Of the cost, that of failed and expired calls."
    )
    cancelled_cost_nanos = models.BigIntegerField(
        default=0, help_text="Of the cost, that of cancelled calls."
    )
    cache_saved_nanos = models.BigIntegerField(default=0, help_text="By the provider's prompt cache.")
    duration_us = models.BigIntegerField(default=0, help_text="Microseconds, of all calls together.")

    class Meta:
        abstract = True


class DimensionedUsage(UsageFigures):
    """Sums by all dimensions but the end user."""

    application_id = models.BigIntegerField(default=0)
    api_key_id = models.BigIntegerField(default=0)
    feature = models.CharField(max_length=200, blank=True)
    route = models.CharField(max_length=200, blank=True, help_text="The model as callers name it.")
    model = models.CharField(max_length=200, blank=True, help_text="Bedrock's ID.")
    region = models.CharField(max_length=32, blank=True)

    DIMENSIONS = ("team_id", "application_id", "api_key_id", "feature", "route", "model", "region")

    class Meta:
        abstract = True


class UsageQuarterHour(DimensionedUsage):
    """Usage in a quarter of an hour: days of every time zone begin with one."""

    starts_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("starts_at", *DimensionedUsage.DIMENSIONS), name="usage_quarter_hour_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.calls} calls from {self.starts_at:%Y-%m-%d %H:%M}"


class UsageDay(DimensionedUsage):
    """Usage on one day of the installation's time zone."""

    day = models.DateField()

    class Meta:
        verbose_name = verbose_name_plural = "usage"
        constraints = (
            models.UniqueConstraint(fields=("day", *DimensionedUsage.DIMENSIONS), name="usage_day_once"),
        )

    def __str__(self) -> str:
        return f"{self.calls} calls on {self.day}"


class UsageEndUserDay(UsageFigures):
    """Usage of one end user on one day of the installation's time zone."""

    day = models.DateField()
    end_user = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("day", "team_id", "end_user"), name="usage_end_user_day_once"),
        )

    def __str__(self) -> str:
        return f"{self.calls} calls of {self.end_user or 'nobody named'} on {self.day}"


class UsagePromptDay(UsageFigures):
    """Usage of one prompt on one day of the installation's time zone."""

    day = models.DateField()
    prompt = models.CharField(max_length=100)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("day", "team_id", "prompt"), name="usage_prompt_day_once"),
        )

    def __str__(self) -> str:
        return f"{self.calls} calls of {self.prompt} on {self.day}"


class UsageFeature(models.Model):
    """A feature that usage tells apart. Beyond the most there may be in a team, features are counted as “(other)”."""

    team_id = models.BigIntegerField()
    name = models.CharField(max_length=200)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("team_id", "name"), name="usage_feature_once"),)

    def __str__(self) -> str:
        return self.name


class RollupState(models.Model):
    """Up to which transaction the sums have taken records in, and for which time zone's days. One row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    watermark = models.BigIntegerField(default=0)
    time_zone = models.CharField(max_length=64, blank=True)
    rolled_up_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"up to transaction {self.watermark}"


class Tip(Owned):
    """What would save a team money, as last looked for: found anew every hour, from its own calls."""

    owned_by = OwnedBy()

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="tips")
    kind = models.CharField(max_length=32)
    title = models.CharField(max_length=500)
    text = models.TextField()
    how = models.TextField(blank=True, default="", help_text="What to do about it.")
    link = models.CharField(max_length=500, blank=True, default="", help_text="The page where it is done.")
    calls = models.BigIntegerField(default=0, help_text="So many calls of the last thirty days show it.")
    is_shown = models.BooleanField(
        default=True,
        help_text="Shown to do as well: by a test set, by feedback, by the calls themselves. Else it is worth a try.",
    )
    saving_nanos = models.BigIntegerField(default=0, help_text="A month's; 0 where it saves no money.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-saving_nanos", "id")

    def __str__(self) -> str:
        return self.title


class VolatileBeginning(Owned):
    """Prompts of an application, on one day, whose beginning differed from call to call before what stayed the same: a provider's
    cache keeps beginnings, and has nothing of them. Written by gateways, now and then."""

    owned_by = OwnedBy()

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="+")
    route = models.CharField(max_length=200)
    place = models.CharField(max_length=60, help_text="Of the first difference: system[0] line 1, tools[3].")
    day = models.DateField(help_text="In UTC.")
    calls = models.BigIntegerField(default=0)
    tokens = models.BigIntegerField(
        default=0,
        help_text="About how many tokens after it were the same all the same, of all calls together.",
    )

    class Meta:
        verbose_name = "prompt cache"
        verbose_name_plural = "prompt caches"
        ordering = ("-day", "-tokens")
        constraints = (
            models.UniqueConstraint(
                fields=("application", "route", "place", "day"), name="volatile_beginning_once_a_day"
            ),
        )

    def __str__(self) -> str:
        return f"{self.place} of {self.calls} calls on {self.day}"


class AwsImport(Owned):
    """One object of AWS's that was read: a piece of its invocation log, or of its bill."""

    owned_by = OwnedBy(())

    class Kind(models.TextChoices):
        INVOCATIONS = "invocations", "Invocation log"
        COSTS = "costs", "Bill"

    kind = models.CharField(max_length=16, choices=Kind.choices)
    source = models.CharField(max_length=1100, help_text="Where it was read: s3://bucket/key, or a file.")
    digest = models.CharField(max_length=80, help_text="Its ETag, or a file's SHA-256: read once.")
    report = models.CharField(
        max_length=1100,
        blank=True,
        help_text="Of a bill: the folder of its month, which AWS sends whole each time.",
    )
    modified_at = models.DateTimeField(null=True, help_text="When AWS wrote it.")
    is_current = models.BooleanField(default=True, help_text="No later delivery has taken its place.")
    lines = models.BigIntegerField(default=0)
    taken = models.BigIntegerField(default=0)
    duplicates = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    matched = models.BigIntegerField(default=0)
    corrected = models.BigIntegerField(default=0)
    corrected_nanos = models.BigIntegerField("corrected by", default=0)
    problem = models.CharField(
        max_length=300, blank=True, help_text="Why reading ended before the object did."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "import"
        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=("kind", "source", "digest"), name="aws_import_once"),)
        indexes = (
            models.Index(
                fields=("report",),
                name="aws_import_of_report",
                condition=models.Q(kind="costs", is_current=True),
            ),
        )

    def __str__(self) -> str:
        return self.source


class RejectedLine(models.Model):
    """A line that could not be taken in, and why. Its text is not kept: it may hold a prompt."""

    aws_import = models.ForeignKey(AwsImport, on_delete=models.CASCADE, related_name="rejections")
    line = models.BigIntegerField()
    reason = models.CharField(max_length=200)

    class Meta:
        ordering = ("line",)

    def __str__(self) -> str:
        return f"{self.line}: {self.reason}"


class LoggedInvocation(models.Model):
    """An invocation as AWS logged it, and the call of ours that it was."""

    request_id = models.CharField(max_length=100, primary_key=True)
    at = models.DateTimeField()
    region = models.CharField(max_length=32)
    model = models.CharField(max_length=300)
    input_tokens = models.IntegerField()
    output_tokens = models.IntegerField()
    cache_read_tokens = models.IntegerField()
    cache_write_tokens = models.IntegerField()
    error = models.CharField(
        max_length=100, blank=True, help_text="Why Bedrock refused: such a line costs nothing."
    )
    is_counted = models.BooleanField(default=True, help_text="Whether AWS wrote how many tokens there were.")
    named_call = models.UUIDField(null=True, help_text="The call that the line's metadata names.")
    call_id = models.UUIDField(null=True, help_text="Empty: no call of ours is known.")
    cost_nanos = models.BigIntegerField(null=True, help_text="By our price at admission.")
    aws_import = models.ForeignKey(
        AwsImport, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    is_posted = models.BooleanField(default=False, help_text="The ledger says what this line's call cost.")

    class Meta:
        indexes = (
            models.Index(fields=("at",), name="invocation_by_time"),
            models.Index(
                fields=("call_id",), name="invocation_by_call", condition=models.Q(call_id__isnull=False)
            ),
            models.Index(
                fields=("call_id",),
                name="invocation_to_post",
                condition=models.Q(call_id__isnull=False, is_posted=False),
            ),
            models.Index(
                fields=("at",), name="invocation_unmatched", condition=models.Q(call_id__isnull=True)
            ),
        )

    def __str__(self) -> str:
        return self.request_id


class BilledLine(models.Model):
    """What a part of AWS's bill says a model cost on a day, in one region, for one kind of usage."""

    aws_import = models.ForeignKey(AwsImport, on_delete=models.CASCADE, related_name="billed_lines")
    day = models.DateField(db_index=True)
    region = models.CharField(max_length=32, blank=True)
    model = models.CharField(max_length=200, blank=True, help_text="As AWS names it on the bill.")
    usage_type = models.CharField(max_length=200, blank=True)
    amount = models.DecimalField(max_digits=30, decimal_places=10)
    cost_nanos = models.BigIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("aws_import", "day", "region", "model", "usage_type"), name="billed_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.usage_type} on {self.day}"
