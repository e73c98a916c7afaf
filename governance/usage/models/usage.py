from django.db import models


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
