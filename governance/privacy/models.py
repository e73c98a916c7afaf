from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from accounts.access.models import Owned, OwnedBy
from accounts.access.policy import Shared
from accounts.models import Application, Team, User
from kernel.triggers import Trigger


class FindingAction(models.TextChoices):
    """What is done with a finding, from the mildest."""

    NOTHING = "", "Nothing"
    LOG = "log", "Count only"
    MASK = "mask", "Mask"
    HASH = "hash", "Hash"
    REDACT = "redact", "Remove"
    BLOCK = "block", "Block"


class ScreeningChoice(models.TextChoices):
    """What is done with injected instructions, from the mildest."""

    NOTHING = "", "Not looked for"
    LOG = "log", "Record"
    FLAG = "flag", "Flag for review"
    STRIP = "strip", "Take out"
    BLOCK = "block", "Block"


class LeakChoice(models.TextChoices):
    """What is done when an answer leaks the system prompt."""

    NOTHING = "", "Not looked for"
    LOG = "log", "Record"
    FLAG = "flag", "Flag for review"
    BLOCK = "block", "End the answer"


class OverloadChoice(models.TextChoices):
    """What happens to a call when a check can't be made."""

    PATTERNS = "patterns", "Go on without, and say so on the record"
    BLOCK = "block", "Refuse the call"


class BodiesChoice(models.TextChoices):
    """What is kept of requests and answers."""

    NOTHING = "", "As the levels above say; redacted if none does"
    RAW = "raw", "Redacted, and encrypted as they were"
    REDACTED = "redacted", "Redacted only"
    NONE = "none", "Nothing"


class DocumentsChoice(models.TextChoices):
    """What is done with PDF and Word documents in requests."""

    PASS = "pass", "Sent unread"
    READ = "read", "Read; those that can't be read are refused"
    REFUSE = "refuse", "Refused"


class Checksum(models.TextChoices):
    """Check digits that a custom rule can ask for."""

    LUHN = "luhn", "Luhn (cards, IMEI)"
    MOD97 = "mod97", "MOD 97 (IBAN)"
    MOD11 = "mod11", "MOD 11 (ISBN-10, NHS)"
    VERHOEFF = "verhoeff", "Verhoeff (Aadhaar)"


_SHARE = (MinValueValidator(0.0), MaxValueValidator(1.0))


class PrivacyPolicy(Owned):
    """What is looked for in calls and what is done about it, for everybody, a team or an application.

    The fields and the rules are a draft: nothing of them holds before they are published as a version.
    """

    owned_by = OwnedBy(shared=Shared.EVERYONE, what="policies of the whole organisation")

    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.CASCADE, related_name="privacy_policies",
        help_text="Empty: the whole organisation.",
    )  # fmt: skip
    application = models.ForeignKey(
        Application, null=True, blank=True, on_delete=models.CASCADE, related_name="privacy_policies"
    )
    names = models.BooleanField(
        "find names", default=False,
        help_text="People, places and organisations are looked for with a language model. Costs up to 25 ms for a new prompt of 2,000 characters.",
    )  # fmt: skip
    overload = models.CharField(
        "when names can't be looked for",
        max_length=16,
        choices=OverloadChoice.choices,
        default=OverloadChoice.PATTERNS,
    )
    guardrail = models.CharField(
        "Bedrock guardrail",
        max_length=300,
        blank=True,
        help_text="Its ID or ARN, to be asked as well. AWS charges for it.",
    )
    guardrail_version = models.CharField(max_length=16, default="DRAFT")
    guardrail_failure = models.CharField(
        "when the guardrail can't be asked",
        max_length=16,
        choices=OverloadChoice.choices,
        default=OverloadChoice.BLOCK,
    )
    screen_user = models.CharField(
        "users' texts",
        max_length=16,
        blank=True,
        choices=ScreeningChoice.choices,
        default=ScreeningChoice.LOG,
    )
    screen_document = models.CharField(
        "retrieved documents",
        max_length=16,
        blank=True,
        choices=ScreeningChoice.choices,
        default=ScreeningChoice.LOG,
    )
    screen_tool = models.CharField(
        "results of tools",
        max_length=16,
        blank=True,
        choices=ScreeningChoice.choices,
        default=ScreeningChoice.LOG,
    )
    flag_at = models.FloatField(
        "suspicious from", default=0.5, validators=_SHARE, help_text="A score from 0 to 1."
    )
    block_at = models.FloatField(
        "an injection from",
        default=0.9,
        validators=_SHARE,
        help_text="A score from 0 to 1. Blocking and taking out begin here.",
    )
    delimit = models.BooleanField(
        "mark users' texts",
        default=False,
        help_text="Users' texts are put between marks that they can't forge, and the system prompt says what the marks mean.",
    )
    delimit_outside = models.BooleanField(
        "mark what comes from elsewhere",
        default=False,
        help_text="Documents, results of tools, context and variables of prompts are put between such marks; what users write "
        "themselves is not.",
    )
    canary = models.BooleanField(
        default=False,
        help_text="A secret in the system prompt. An answer that repeats it leaks the prompt.",
    )
    leak = models.CharField(
        "when an answer leaks the system prompt",
        max_length=16,
        blank=True,
        choices=LeakChoice.choices,
        default=LeakChoice.LOG,
    )
    links = models.CharField(
        "links and images that carry data away",
        max_length=16,
        blank=True,
        choices=ScreeningChoice.choices,
        help_text="In answers: an address that holds what was said in the conversation, or a long code.",
    )
    bodies = models.CharField(
        "kept of requests and answers",
        max_length=16,
        blank=True,
        choices=BodiesChoice.choices,
        default=BodiesChoice.NOTHING,
    )
    sample_percent = models.PositiveSmallIntegerField(
        "share of calls kept", default=100, validators=(MaxValueValidator(100),),
        help_text="In percent. Calls with findings or errors are always kept.",
    )  # fmt: skip
    other_model = models.CharField(
        "another model once",
        max_length=200,
        blank=True,
        help_text="The name of a route. Where this policy would end an answer, it is asked for once from that model instead, at its cost; "
        "a stream only while nothing of it was shown. Empty: the answer is ended.",
    )
    documents = models.CharField(
        "PDF and Word documents in requests",
        max_length=16,
        choices=DocumentsChoice.choices,
        default=DocumentsChoice.PASS,
        help_text="Read: looked through and screened like text. Where something is to be masked, the model gets the masked text "
        "in the place of the document.",
    )
    in_force = models.ForeignKey(
        "PrivacyPolicyVersion", null=True, editable=False, on_delete=models.RESTRICT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    SETTINGS = (
        "names", "overload", "guardrail", "guardrail_version", "guardrail_failure", "bodies", "sample_percent", "other_model", "documents",
    )  # fmt: skip
    SCREENING = {
        "screen_user": "user", "screen_document": "document", "screen_tool": "tool", "flag_at": "flag_at",
        "block_at": "block_at", "delimit": "delimit", "canary": "canary", "leak": "leak",
        "delimit_outside": "delimit_outside", "links": "links",
    }  # fmt: skip

    class Meta:
        verbose_name_plural = "privacy policies"
        ordering = ("team__name", "application__name", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("team", "application"),
                nulls_distinct=False,
                name="one_privacy_policy_each",
                violation_error_message="A policy with this scope already exists. Edit that one.",
            ),
            models.CheckConstraint(
                condition=Q(application__isnull=True) | Q(team__isnull=False),
                name="privacy_policy_application_has_team",
            ),
        )

    def __str__(self) -> str:
        return f"Privacy of {self.owner}"

    @property
    def owner(self) -> str:
        """Whose policy it is, in words."""
        if self.application is not None:
            return f"application {self.application}"
        return f"team {self.team}" if self.team is not None else "the organisation"

    def clean(self) -> None:
        if self.application is not None and self.application.team_id != self.team_id:
            raise ValidationError({"application": "This application belongs to another team."})
        if self.flag_at > self.block_at:
            raise ValidationError({"flag_at": "Suspicious must not begin above where an injection does."})


class RedactionRule(Owned):
    """What to look for and what to do with it. Without patterns and words: a kind that is built in."""

    owned_by = OwnedBy(("policy__team",), shared=Shared.EVERYONE, what="policies of the whole organisation")

    policy = models.ForeignKey(PrivacyPolicy, on_delete=models.CASCADE, related_name="rules")
    entity = models.CharField(
        "kind",
        max_length=64,
        help_text="A built-in kind such as EMAIL_ADDRESS, or a name of your own such as CUSTOMER_ID.",
    )
    threshold = models.FloatField(
        default=0.4, validators=_SHARE, help_text="Findings with a lower score do not count."
    )
    to_model = models.CharField(
        max_length=16, blank=True, choices=FindingAction.choices, default=FindingAction.MASK
    )
    to_client = models.CharField(
        max_length=16, blank=True, choices=FindingAction.choices, default=FindingAction.NOTHING
    )
    to_log = models.CharField(
        max_length=16, blank=True, choices=FindingAction.choices, default=FindingAction.MASK
    )
    patterns = ArrayField(
        models.CharField(max_length=2000),
        default=list,
        blank=True,
        help_text="Regular expressions (RE2 syntax), one per line.",
    )
    deny = ArrayField(
        models.CharField(max_length=300),
        default=list,
        blank=True,
        verbose_name="deny list",
        help_text="Words or phrases that are always found, one per line.",
    )
    allow = ArrayField(
        models.CharField(max_length=300),
        default=list,
        blank=True,
        verbose_name="allow list",
        help_text="Values that are never found, one per line.",
    )
    context = ArrayField(
        models.CharField(max_length=100),
        default=list,
        blank=True,
        verbose_name="context words",
        help_text="One per line: at least one must occur near a match.",
    )
    checksum = models.CharField(max_length=16, blank=True, choices=Checksum.choices)
    languages = ArrayField(
        models.CharField(max_length=2),
        default=list,
        blank=True,
        help_text="Two-letter codes, one per line. Empty: all languages.",
    )

    FIELDS = (
        "entity",
        "threshold",
        "to_model",
        "to_client",
        "to_log",
        "patterns",
        "deny",
        "allow",
        "context",
        "checksum",
        "languages",
    )

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.entity


class PrivacyPolicyVersion(models.Model):
    """A policy as it was published, by whom and why. Never changed."""

    policy = models.ForeignKey(PrivacyPolicy, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    document = models.JSONField(help_text="As governance/privacy/policy/privacy.py has it.")
    reason = models.TextField(help_text="Reason for the change.")
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-number",)
        constraints = (models.UniqueConstraint(fields=("policy", "number"), name="one_version_each_number"),)
        triggers = (Trigger(name="keep_version", function="gatehouse_keep_policy_version"),)

    def __str__(self) -> str:
        return f"version {self.number} of {self.policy}"
