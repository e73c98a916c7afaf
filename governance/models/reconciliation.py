from django.db import models


class AwsImport(models.Model):
    """One object of AWS's that was read: a piece of its invocation log, or of its bill."""

    class Kind(models.TextChoices):
        INVOCATIONS = "invocations", "Invocation log"
        COSTS = "costs", "Bill"

    kind = models.CharField(max_length=16, choices=Kind.choices)
    source = models.CharField(max_length=1100, help_text="Where it was read: s3://bucket/key, or a file.")
    digest = models.CharField(max_length=80, help_text="Its ETag, or a file's SHA-256: read once.")
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
    call_id = models.UUIDField(null=True, help_text="Empty: no call of ours is known.")
    cost_nanos = models.BigIntegerField(null=True, help_text="By our price at admission.")

    class Meta:
        indexes = (
            models.Index(fields=("at",), name="invocation_by_time"),
            models.Index(
                fields=("at",), name="invocation_unmatched", condition=models.Q(call_id__isnull=True)
            ),
        )

    def __str__(self) -> str:
        return self.request_id


class BilledLine(models.Model):
    """A line of AWS's bill for Bedrock. Sent again, the later one holds."""

    key = models.CharField(max_length=40, primary_key=True)
    day = models.DateField(db_index=True)
    region = models.CharField(max_length=32)
    usage_type = models.CharField(max_length=200)
    amount = models.DecimalField(max_digits=24, decimal_places=8)
    cost_nanos = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.usage_type} on {self.day}"
