from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from accounts.access.models import Owned, OwnedBy
from accounts.models import Team
from accounts.policy.roles import Capability

_IDENTIFIER = RegexValidator(
    r"^[a-z][a-z0-9_]*\Z", "Templates read it by this name: use lower-case letters, digits and underscores."
)


class ContextSource(Owned):
    """What templates of a team can draw on besides variables: facts, roles, rules and examples that admins keep, rows of
    a read-only view, or an answer over HTTP."""

    owned_by = OwnedBy(see=Capability.VIEW_CONTENT, change=Capability.EDIT_PROMPTS)

    class Kind(models.TextChoices):
        TEXT = "text", "A text kept here"
        SQL = "sql", "Rows of a read-only view"
        HTTP = "http", "An answer over HTTP"

    class Failure(models.TextChoices):
        REFUSE = "refuse", "Refuse the call"
        EMPTY = "empty", "Go on without it"

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="context_sources")
    name = models.CharField(
        max_length=50,
        validators=(_IDENTIFIER,),
        help_text="Templates read it by this name, such as “house_rules”.",
    )
    description = models.CharField(max_length=300, blank=True)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.TEXT)
    text = models.TextField(blank=True, help_text="Domain facts, a role, business rules, examples.")
    view = models.CharField(
        max_length=130, blank=True, validators=(RegexValidator(r"^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?\Z", "Write view, or schema.view, in lower case."),),
        help_text="Its name, such as “sales.customer_facts”. The template gets a list of its rows.",
    )  # fmt: skip
    key_column = models.CharField(
        max_length=63, blank=True, validators=(_IDENTIFIER,), help_text="Only rows where this column has the value of the variable below."
    )  # fmt: skip
    variable = models.CharField(
        max_length=100,
        blank=True,
        help_text="A variable of the prompt: it picks the rows, or stands in the URL.",
    )
    url = models.CharField(
        "URL", max_length=500, blank=True, help_text="{value} stands for the variable's value, encoded: https://crm.example.com/facts/{value}."
    )  # fmt: skip
    most_rows = models.PositiveSmallIntegerField(
        default=20, validators=(MinValueValidator(1), MaxValueValidator(500))
    )
    timeout_ms = models.PositiveIntegerField(
        "timeout (ms)", default=1000, validators=(MinValueValidator(50), MaxValueValidator(30_000))
    )
    cache_seconds = models.PositiveIntegerField(
        "cache seconds",
        default=300,
        validators=(MaxValueValidator(86_400),),
        help_text="0: asked for every call.",
    )
    on_failure = models.CharField(
        "when it fails", max_length=8, choices=Failure.choices, default=Failure.REFUSE
    )
    updated_at = models.DateTimeField(auto_now=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("team__name", "name")
        constraints = (models.UniqueConstraint(fields=("team", "name"), name="context_source_once"),)

    def __str__(self) -> str:
        return self.name
