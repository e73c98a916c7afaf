"""Models, where they can be called, at which price, and the names that lead to them."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q

from accounts.access.models import Owned, OwnedBy
from accounts.access.policy import Shared
from accounts.models import Team
from gateway.catalogue.choices import (
    CacheLifetime,
    CachePlace,
    Effort,
    ModelKind,
    PromptCaching,
    Sampling,
    Thinking,
    ToolChoice,
    several_of,
)


class Model(Owned):
    """A foundation model as Bedrock names it, with its limits."""

    owned_by = OwnedBy((), shared=Shared.EVERYONE)

    model_id = models.CharField(
        "model ID", max_length=200, unique=True, help_text="Bedrock's ID, without a region prefix."
    )
    name = models.CharField(max_length=200)
    vendor = models.CharField(max_length=60)
    kind = models.CharField(max_length=16, choices=ModelKind.choices, default=ModelKind.TEXT)
    context_window = models.PositiveIntegerField(help_text="Tokens of input the model accepts.")
    max_output_tokens = models.PositiveIntegerField(
        default=0, help_text="Tokens of one answer at most; 0 for embeddings."
    )
    supports_tools = models.BooleanField(default=False)
    supports_images = models.BooleanField(default=False)
    supports_prompt_cache = models.BooleanField(default=False)
    supports_structured_output = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Whether it can be held to a JSON Schema (Converse's outputConfig).",
    )
    supports_documents = models.BooleanField(default=True, db_default=True)
    supports_video = models.BooleanField(default=False, db_default=False)
    supports_audio = models.BooleanField(default=False, db_default=False)
    supports_images_in_results = models.BooleanField(
        "images in tool results", default=False, db_default=False
    )
    supports_text_with_results = models.BooleanField(
        "text beside tool results",
        default=True,
        db_default=True,
        help_text="Whether a turn may have other blocks beside the results of tools.",
    )
    needs_results_first = models.BooleanField(
        "tool results first",
        default=False,
        db_default=False,
        help_text="Whether the results of tools must stand before other blocks of their turn.",
    )
    supports_citations = models.BooleanField("citations", default=False, db_default=False)
    supports_parallel_switch = models.BooleanField(
        "parallel tool use can be switched off", default=False, db_default=False
    )
    supports_prefill = models.BooleanField(
        "prefill",
        default=True,
        db_default=True,
        help_text="Whether a conversation may end with the beginning of the answer.",
    )
    supports_stop_sequences = models.BooleanField("stop sequences", default=True, db_default=True)
    supports_streaming = models.BooleanField(
        "streaming",
        default=True,
        db_default=True,
        help_text="Where it does not, callers that ask for a stream get the whole answer as one.",
    )
    supports_streamed_tools = models.BooleanField(
        "streaming with tools", default=True, db_default=True, help_text="The same, of requests with tools."
    )
    tool_choices = several_of("tool choice", ToolChoice, ["auto"])
    thinking = several_of("thinking", Thinking, [], help_text="How it can be asked to reason.")
    efforts = several_of("effort", Effort, [], help_text="Levels that it takes.")
    sampling = models.CharField(
        max_length=8, choices=Sampling.choices, default=Sampling.ALL, db_default=Sampling.ALL
    )
    cache_points = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Cache points of one request at most; 0: it takes none."
    )
    cache_min_tokens = models.PositiveIntegerField(
        "minimum cached prefix", default=1024, db_default=1024, help_text="Tokens."
    )
    cache_lifetimes = several_of("cache lifetimes", CacheLifetime, [])
    cache_places = several_of("cache places", CachePlace, [])
    betas = ArrayField(
        models.CharField(max_length=80),
        default=list,
        db_default=[],
        blank=True,
        help_text="Anthropic's beta features that it takes on Bedrock, separated by commas; * stands for anything.",
    )
    count_tokens_id = models.CharField(
        "CountTokens ID",
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="The ID that CountTokens takes for the model; empty: it can't count.",
    )
    invoke_families = ArrayField(
        models.CharField(max_length=40),
        default=list,
        db_default=[],
        blank=True,
        verbose_name="InvokeModel families",
        help_text="Bodies that InvokeModel takes for the model, separated by commas.",
    )
    legacy_from = models.DateField(null=True, blank=True, help_text="From when AWS calls the model legacy.")
    end_of_life = models.DateField(null=True, blank=True, help_text="When AWS ends the model.")
    attempts = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(10)],
        help_text="How often a call is sent at most, where its route does not say. Empty: 3, or once to each deployment.",
    )
    output_burndown = models.PositiveSmallIntegerField(
        default=1,
        db_default=1,
        validators=[MinValueValidator(1)],
        help_text="Tokens of a quota that one token of output takes.",
    )
    successor = models.CharField(
        max_length=200, blank=True, default="", db_default="", help_text="The model ID to use in its place."
    )
    seeded = models.JSONField(
        default=dict,
        db_default={},
        editable=False,
        help_text="What the catalogue's file last said: what differs from it was edited, and stays.",
    )

    class Meta:
        ordering = ("vendor", "name")

    def __str__(self) -> str:
        return self.name


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
            return
        if not self.provider_model:
            raise ValidationError({"provider_model": "What does that provider call the model?"})
        if self.profile or self.arn:
            raise ValidationError({"profile": "Profiles and ARNs are of Bedrock alone."})


_PER_MILLION = "Nano-dollars per million tokens ($3 per million is 3,000,000,000)."


def _rate(label: str, **options: Any) -> "models.BigIntegerField[Any, Any]":
    return models.BigIntegerField(label, help_text=_PER_MILLION, **options)


class Price(Owned):
    """What a deployment costs during a period. Rates are nano-dollars per million tokens, so all of AWS's are exact.

    A cache rate that is empty means that the deployment does not cache: such tokens are charged as input.
    Above `long_context_threshold` tokens of input, the long-context rates hold for the whole call.
    """

    owned_by = OwnedBy((), shared=Shared.EVERYONE)

    class Tier(models.TextChoices):
        STANDARD = "", "Standard"
        PRIORITY = "priority", "Priority"
        FLEX = "flex", "Flex"
        OPTIMIZED = "optimized", "Latency-optimised"
        BATCH = "batch", "Batch inference"

    LONG_RATES = (
        "long_input_rate", "long_output_rate", "long_cache_read_rate", "long_cache_write_rate", "long_cache_write_1h_rate",
    )  # fmt: skip

    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="prices")
    tier = models.CharField(
        max_length=16,
        choices=Tier.choices,
        blank=True,
        help_text="What callers ask for; standard unless they do.",
    )
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(
        null=True, blank=True, help_text="Exclusive. Empty: until further notice."
    )
    input_rate = _rate("input")
    output_rate = _rate("output", default=0)
    cache_read_rate = _rate("cache read", null=True, blank=True)
    cache_write_rate = _rate("cache write (5 minutes)", null=True, blank=True)
    cache_write_1h_rate = _rate("cache write (1 hour)", null=True, blank=True)
    image_rate = models.BigIntegerField("image", null=True, blank=True, help_text="Nano-dollars per image.")
    request_rate = models.BigIntegerField(
        "request", null=True, blank=True, help_text="Nano-dollars per request."
    )
    long_context_threshold = models.PositiveIntegerField(null=True, blank=True, help_text="Tokens of input.")
    long_input_rate = _rate("input, long context", null=True, blank=True)
    long_output_rate = _rate("output, long context", null=True, blank=True)
    long_cache_read_rate = _rate("cache read, long context", null=True, blank=True)
    long_cache_write_rate = _rate("cache write, long context", null=True, blank=True)
    long_cache_write_1h_rate = _rate("cache write (1 hour), long context", null=True, blank=True)
    source = models.CharField(max_length=300, blank=True, help_text="Where the figures come from.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("deployment", "-valid_from")
        constraints = (
            models.UniqueConstraint(fields=("deployment", "tier", "valid_from"), name="price_starts_once"),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=F("valid_from")),
                name="price_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(input_rate__gte=0, output_rate__gte=0), name="price_not_negative"
            ),
        )

    def __str__(self) -> str:
        return f"{self.deployment} from {self.valid_from:%Y-%m-%d}"

    def clean(self) -> None:
        """Periods of one deployment and tier do not overlap, and long-context rates are whole."""
        if self.valid_from is None or self.deployment_id is None:
            return
        if self.valid_until is not None and self.valid_until <= self.valid_from:
            raise ValidationError({"valid_until": "A price ends after it starts."})
        self._check_long_context()
        others = Price.objects.filter(deployment_id=self.deployment_id, tier=self.tier).exclude(pk=self.pk)
        others = others.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=self.valid_from))
        if self.valid_until is not None:
            others = others.filter(valid_from__lt=self.valid_until)
        if (other := others.first()) is not None:
            raise ValidationError(
                f"This overlaps the price valid from {other.valid_from:%Y-%m-%d %H:%M}: end that one first."
            )

    def _check_long_context(self) -> None:
        if self.long_context_threshold is None:
            if any(getattr(self, name) is not None for name in self.LONG_RATES):
                text = "From how many tokens of input do the long-context prices hold?"
                raise ValidationError({"long_context_threshold": text})
        elif self.long_input_rate is None or self.long_output_rate is None:
            text = "Above a threshold, both the input and the output price are needed."
            raise ValidationError({"long_input_rate": text})


class Route(Owned):
    """A public name that callers use as `model`, resolving to an ordered or weighted list of deployments."""

    owned_by = OwnedBy((), shared=Shared.EVERYONE)

    class Strategy(models.TextChoices):
        ORDERED = "ordered", "In order: the next one when one fails"
        WEIGHTED = "weighted", "By weight: a share of calls each"
        SPREAD = "spread", "Spread: where there is most room, and the prompt is cached"

    name = models.CharField(max_length=200, unique=True, help_text="What callers pass as model.")
    aliases = ArrayField(
        models.CharField(max_length=200),
        default=list,
        blank=True,
        help_text="Other names it answers to, separated by commas.",
    )
    description = models.TextField(blank=True)
    strategy = models.CharField(max_length=16, choices=Strategy.choices, default=Strategy.ORDERED)
    default_max_tokens = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="Tokens of the answer when the caller does not say. Empty: as many as the model can give.",
    )
    max_tokens_limit = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text="The most a caller may ask for; more is lowered to it. Empty: what the model allows.",
    )
    expected_output_tokens = models.PositiveIntegerField(
        default=4096,
        db_default=4096,
        help_text=(
            "Output that a call's budgets hold at first, where holding all that it may come to would take more than a "
            "tenth of what is left. More is held as the answer grows. 0: always hold all of it."
        ),
    )
    refuses_sampling = models.BooleanField(
        "refuse sampling values",
        default=False,
        db_default=False,
        help_text="Whether a temperature, top_p or top_k that the model does not take is refused. Else it is dropped, and said.",
    )
    prompt_cache = models.CharField(
        "cache points",
        max_length=8,
        choices=PromptCaching,
        default=PromptCaching.CALLER,
        db_default=PromptCaching.CALLER,
        help_text=(
            "Who marks what the provider's prompt cache keeps. Gatehouse marks tools, the system prompt and all up to the last user's "
            "turn but one, where they are long enough. What is cached costs more to write once and about a tenth to read "
            "within five minutes: good for conversations and shared prompts, dearer where each call begins with something else."
        ),
    )
    timeout_seconds = models.PositiveIntegerField(
        default=300, validators=[MinValueValidator(1)], help_text="All attempts together end by then."
    )
    attempts = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(10)],
        help_text="How often a call is sent at most, after faults and time-outs. Empty: as the model says, or 3, or once to each deployment.",
    )
    regions = ArrayField(
        models.CharField(
            max_length=32,
            validators=[
                RegexValidator(
                    r"^[a-z][a-z0-9-]{1,30}$", "A region, such as eu-central-1, or a geography, such as eu."
                )
            ],
        ),
        default=list,
        db_default=[],
        blank=True,
        help_text="Its calls are answered in these regions or geographies only (eu-central-1, eu), fail-overs too. Empty: anywhere.",
    )
    fallbacks = ArrayField(
        models.CharField(max_length=200),
        default=list,
        db_default=[],
        blank=True,
        help_text="Names of routes that answer when this one can't, in order, separated by commas.",
    )
    wait_seconds = models.PositiveIntegerField(
        "wait",
        default=0,
        validators=[MaxValueValidator(300)],
        help_text="How many seconds a call may queue for a rate limit. 0: it is refused at once.",
    )
    is_enabled = models.BooleanField("enabled", default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """A name leads to one route only, and the usual length of answers is not over the highest."""
        names = [self.name, *(self.aliases or ())]
        other = (
            Route.objects.exclude(pk=self.pk).filter(Q(name__in=names) | Q(aliases__overlap=names)).first()
        )
        if other is not None:
            taken = next(name for name in names if name in {other.name, *other.aliases})
            raise ValidationError(f"“{taken}” already leads to the route {other}.")
        known = set(Route.objects.filter(name__in=self.fallbacks or ()).values_list("name", flat=True))
        for name in self.fallbacks or ():
            if name == self.name or name not in known:
                text = (
                    "A route can't fall back to itself."
                    if name == self.name
                    else f"There is no route “{name}”."
                )
                raise ValidationError({"fallbacks": text})
        limit = self.max_tokens_limit
        if limit and self.default_max_tokens and self.default_max_tokens > limit:
            text = f"This is more than callers may ask for ({limit})."
            raise ValidationError({"default_max_tokens": text})


class RouteTarget(Owned):
    """One deployment of a route: its place in the order, or its weight."""

    owned_by = OwnedBy((), shared=Shared.EVERYONE)

    route = models.ForeignKey(Route, on_delete=models.CASCADE, related_name="targets")
    deployment = models.ForeignKey(Deployment, on_delete=models.CASCADE, related_name="route_targets")
    position = models.PositiveSmallIntegerField(default=0)
    weight = models.PositiveSmallIntegerField(default=1, help_text="Used by the weighted strategy.")

    class Meta:
        ordering = ("route", "position", "id")
        constraints = (models.UniqueConstraint(fields=("route", "deployment"), name="route_target_once"),)

    def __str__(self) -> str:
        return str(self.deployment)


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
