from django.core.exceptions import ValidationError
from django.db import models

from accounts.access.models import Owned, OwnedBy
from accounts.models import ApiKey, Application, Team
from accounts.services.known_models import unknown_model
from accounts.services.root_secret import root_secret
from governance.limits.policy.scopes import Scope
from kernel.placeholders import team_key
from kernel.tags import kept_tag, personal_kind


class Dimension(models.TextChoices):
    """What calls can be told apart by."""

    TEAM = "team", "Team"
    APPLICATION = "application", "Application"
    API_KEY = "api_key", "API key"
    END_USER = "end_user", "End user"
    FEATURE = "feature", "Feature"
    MODEL = "model", "Model"
    SESSION = "session", "Session"


def _in_a_sentence(dimension: Dimension) -> str:
    return dimension.label if dimension is Dimension.API_KEY else dimension.label.lower()


class Scoped(Owned):
    """A limit on some calls: those equal in every dimension that is set; on all calls where none is."""

    owned_by = OwnedBy(what="limits of the whole organisation")

    team = models.ForeignKey(
        Team,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="%(class)ss",
        help_text="Empty: the whole organisation.",
    )
    application = models.ForeignKey(
        Application, null=True, blank=True, on_delete=models.CASCADE, related_name="%(class)ss"
    )
    api_key = models.ForeignKey(
        ApiKey,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="%(class)ss",
        verbose_name="API key",
    )
    end_user = models.CharField(max_length=200, blank=True, help_text="As sent in X-Gatehouse-End-User.")
    feature = models.CharField(max_length=200, blank=True, help_text="As sent in X-Gatehouse-Feature.")
    model = models.CharField(max_length=200, blank=True, help_text="The name of a route, as callers pass it.")
    per = models.CharField(
        "for each",
        max_length=16,
        blank=True,
        choices=Dimension.choices,
        help_text="Empty: one limit for all of these calls together. Else each value gets this limit by itself.",
    )

    SCOPE = ("team", "application", "api_key", "end_user", "feature", "model", "per")

    class Meta:
        abstract = True

    @property
    def scope(self) -> Scope:
        return Scope(
            team_id=self.team_id,
            application_id=self.application_id,
            api_key_id=self.api_key_id,
            end_user=self.end_user,
            feature=self.feature,
            model=self.model,
            per=self.per,
        )

    @property
    def scope_text(self) -> str:
        """The scope in words, such as “team Search, feature chat, each end user”."""
        parts = [f"team {self.team}"] if self.team_id and not self.application_id else []
        if self.application_id and not self.api_key_id:
            parts.append(f"application {self.application} of {self.team}")
        if self.api_key_id:
            parts.append(f"API key {self.api_key}")
        parts += [
            f"{name.replace('_', ' ')} {value}"
            for name in ("end_user", "feature", "model")
            if (value := getattr(self, name))
        ]
        if not parts:
            parts.append("the organisation")
        if self.per:
            parts.append(f"each {_in_a_sentence(Dimension(self.per))}")
        return ", ".join(parts)

    def complete_scope(self) -> None:
        """Sets what follows: an API key's application, an application's team."""
        if self.api_key is not None and self.application is None:
            self.application = self.api_key.application
        if self.application is not None and self.team is None:
            self.team = self.application.team

    def clean_scope(self) -> None:
        """Raises ValidationError, by field, for a scope that no call can be in."""
        self.complete_scope()
        if self.application is not None and self.application.team != self.team:
            raise ValidationError({"application": f"This application belongs to {self.application.team}."})
        if self.api_key is not None and self.api_key.application != self.application:
            raise ValidationError({"api_key": f"This API key belongs to {self.api_key.application}."})
        if self.per and (getattr(self, f"{self.per}_id", None) or getattr(self, self.per, None)):
            raise ValidationError(
                {"per": f"One {self.get_per_display()} is set: there is nothing to tell apart."}
            )
        if (unknown := unknown_model([self.model] if self.model else [])) is not None:
            raise ValidationError(
                {"model": f"There is no route named “{unknown}”. See Routes for the names."}
            )
        self._keep_tags()
        for name in ("end_user", "feature", "model"):
            text = getattr(self, name)
            if text != text.strip() or not text.isprintable():
                raise ValidationError({name: "This has spaces around it, or characters that can't be shown."})

    def _keep_tags(self) -> None:
        """Whoever is named is kept as calls keep it: as a placeholder of the team's, where it looks like personal data."""
        for name, is_person in (("end_user", True), ("feature", False)):
            text = getattr(self, name).strip()
            if not personal_kind(text, is_person=is_person):
                continue
            if self.team is None:
                told = "This looks like personal data, which each team keeps under a placeholder of its own. Choose a team."
                raise ValidationError({name: told})
            key = team_key(root_secret(), str(self.team.public_id))
            setattr(self, name, kept_tag(text, key, is_person=is_person))
