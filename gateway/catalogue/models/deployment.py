from django.db import models

from accounts.access.models import Owned, OwnedBy
from accounts.access.policy import Shared
from gateway.catalogue.models.model import Model


class Deployment(Owned):
    """A model in one region, called directly or through a cross-region inference profile."""

    owned_by = OwnedBy((), shared=Shared.EVERYONE)

    class Profile(models.TextChoices):
        NONE = "", "On demand in the region"
        US = "us", "us. (United States)"
        EU = "eu", "eu. (Europe)"
        APAC = "apac", "apac. (Asia Pacific)"
        JP = "jp", "jp. (Japan)"
        AU = "au", "au. (Australia)"
        GLOBAL = "global", "global. (any region)"

    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="deployments")
    region = models.CharField(max_length=32, help_text="The AWS region Gatehouse calls, such as us-east-1.")
    profile = models.CharField(
        "inference profile", max_length=16, choices=Profile.choices, blank=True, default=""
    )
    arn = models.CharField(
        "ARN",
        max_length=300,
        blank=True,
        help_text="An application inference profile or provisioned throughput to call instead.",
    )
    is_enabled = models.BooleanField("enabled", default=True)

    class Meta:
        ordering = ("model__name", "region", "profile")
        constraints = (
            models.UniqueConstraint(
                fields=("model", "region", "profile", "arn"), name="deployment_once_per_place"
            ),
        )

    def __str__(self) -> str:
        return f"{self.invoke_id} in {self.region}"

    @property
    def invoke_id(self) -> str:
        """What Bedrock is asked for: the ARN, or the model's ID with its profile's prefix."""
        if self.arn:
            return self.arn
        return f"{self.profile}.{self.model.model_id}" if self.profile else self.model.model_id
