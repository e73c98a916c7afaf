"""Where models can be called, and what is noted of it."""

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from accounts.access.models import Owned, OwnedBy
from accounts.access.policy import Shared
from accounts.models import Team
from gateway.catalogue.models.model import Model

_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+){1,2}-[0-9]{1,2}")
"""Source: the patterns of regions in botocore's `partitions.json`."""
_ARN = re.compile(
    r"arn:aws(-[^:]+)?:bedrock:(?P<region>[a-z0-9-]{1,20}):([0-9]{12})?:"
    r"(custom-model|foundation-model|imported-model|provisioned-model|custom-model-deployment|inference-profile|"
    r"application-inference-profile|(default-)?prompt-router)/[a-zA-Z0-9.:/-]+"
)
"""What Converse takes as a model. Source: botocore's model of `bedrock-runtime`, `ConversationalModelId`."""

_AMERICA, _EUROPE, _ASIA = ("us-", "ca-"), ("eu-",), ("ap-",)
_ELSEWHERE = {
    "us": _EUROPE + _ASIA,
    "eu": _AMERICA + _ASIA,
    **dict.fromkeys(("apac", "jp", "au"), _AMERICA + _EUROPE),
}
"""Regions where a geography's profiles can't be called, by what their names begin with. Those that AWS counts to one or another
(Canada to the United States, Israel to Europe) are left to it. Source: AWS user guide, "Supported Regions and models for
inference profiles"."""


def _quota(label: str, text: str = "") -> "models.PositiveBigIntegerField[Any, Any]":
    return models.PositiveBigIntegerField(
        label,
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=f"{text} Empty: not known; it is learnt from throttling.".strip(),
    )


class Deployment(Owned):
    """A model in one region of AWS, called directly or through a cross-region inference profile; or at another provider."""

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
    region = models.CharField(
        max_length=32,
        blank=True,
        help_text="The AWS region Gatehouse calls, such as us-east-1; of another provider, what its place is called here.",
    )
    profile = models.CharField(
        "inference profile", max_length=16, choices=Profile.choices, blank=True, default=""
    )
    arn = models.CharField(
        "ARN",
        max_length=300,
        blank=True,
        help_text="An application inference profile or provisioned throughput to call instead.",
    )
    provider_account = models.ForeignKey(
        "gateway.ProviderAccount",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="deployments",
        help_text="With whom it is, beside AWS. Empty: it is Bedrock's.",
    )
    provider_model = models.CharField(
        "model there",
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="What that provider calls the model.",
    )
    is_enabled = models.BooleanField("enabled", default=True)
    requests_per_minute = _quota("requests per minute")
    tokens_per_minute = _quota(
        "tokens per minute", "Input and output together, as bedrock-runtime counts them."
    )
    input_tokens_per_minute = _quota("input tokens per minute")
    output_tokens_per_minute = _quota("output tokens per minute")
    quota_pool = models.CharField(
        "quota pool",
        max_length=100,
        blank=True,
        default="",
        db_default="",
        help_text="Deployments that name the same pool share its quotas. Empty: its model, region and profile.",
    )
    quota_source = models.CharField(
        max_length=200, blank=True, default="", db_default="", help_text="Where the quotas come from."
    )
    rules = models.JSONField(
        "rules",
        default=dict,
        db_default={},
        blank=True,
        help_text="What is done where a request asks for what the model can't: of each rule repair, refuse or pass.",
    )

    class Meta:
        ordering = ("model__name", "region", "profile")
        constraints = (
            models.UniqueConstraint(
                fields=("model", "region", "profile", "arn"),
                name="deployment_once_per_place",
                condition=Q(provider_account__isnull=True),
            ),
            models.UniqueConstraint(
                fields=("model", "provider_account", "provider_model"),
                name="deployment_once_per_account",
                condition=Q(provider_account__isnull=False),
            ),
            models.CheckConstraint(
                condition=Q(provider_account__isnull=True, provider_model="")
                | Q(provider_account__isnull=False, profile="", arn="") & ~Q(provider_model=""),
                name="deployment_of_one_provider",
            ),
        )

    def __str__(self) -> str:
        return f"{self.invoke_id} in {self.region}"

    @property
    def invoke_id(self) -> str:
        """What is asked for: the ARN, or the model's ID with its profile's prefix; of another provider its own name."""
        if self.provider_model:
            return self.provider_model
        if self.arn:
            return self.arn
        return f"{self.profile}.{self.model.model_id}" if self.profile else self.model.model_id

    def clean(self) -> None:
        """It is Bedrock's, in a region, or another provider's, under the name that it has there."""
        if self.provider_account_id is None:
            if self.provider_model:
                raise ValidationError({"provider_model": "Choose the account with the provider, too."})
            if not self.region:
                raise ValidationError({"region": "In which of AWS's regions is it called?"})
            self._check_place()
            return
        if not self.provider_model:
            raise ValidationError({"provider_model": "What does that provider call the model?"})
        if self.profile or self.arn:
            raise ValidationError({"profile": "Profiles and ARNs are of Bedrock alone."})

    def _check_place(self) -> None:
        """Prompts are sent to the region's address; an ARN is called in its own region alone."""
        if not _REGION.fullmatch(self.region):
            raise ValidationError({"region": "A region of AWS, such as us-east-1."})
        if self.region.startswith(_ELSEWHERE.get(self.profile, ())):
            told = f"Profiles of {self.profile}. can't be called in {self.region}: choose a region of that geography, or global."
            raise ValidationError({"profile": told})
        if not self.arn:
            return
        found = _ARN.fullmatch(self.arn)
        if found is None:
            told = "An ARN that Bedrock answers at: arn:aws:bedrock:<region>:<account>:application-inference-profile/…, provisioned-model/… or another model."
            raise ValidationError({"arn": told})
        if found["region"] != self.region:
            raise ValidationError(
                {"arn": f"This is in {found['region']}: call it there, not in {self.region}."}
            )


class RuleUse(models.Model):
    """How often a rule met a request of a deployment on a day, and what was done about it. Written by gateways, now and then."""

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="rule_uses")
    rule = models.CharField(max_length=40)
    action = models.CharField(max_length=10)
    day = models.DateField(help_text="In UTC.")
    number = models.BigIntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("deployment", "rule", "action", "day"), name="rule_use_once_a_day"
            ),
        )

    def __str__(self) -> str:
        return f"{self.rule}: {self.action} {self.number}"


class TeamInferenceProfile(models.Model):
    """An application inference profile in AWS: a team's calls to a deployment go through it, and AWS's bill names the team."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="inference_profiles")
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="team_profiles")
    arn = models.CharField("ARN", max_length=300)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("team__name", "id")
        constraints = (models.UniqueConstraint(fields=("team", "deployment"), name="team_profile_once"),)

    def __str__(self) -> str:
        return f"{self.deployment} for {self.team}"
