"""What the resources of prompts share: a prompt is a team's or, shared by all, for superusers to change."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError as ModelError
from django.db.models import Q, QuerySet
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import Conflict, TeamScoped
from accounts.api.fields import signed_in
from accounts.models import Team
from accounts.policy.roles import Capability
from accounts.selectors.teams import teams_with
from prompts.registry.models import Prompt
from prompts.registry.selectors.access import visible_prompts
from prompts.registry.services.prompts import PromptError


class PromptField(serializers.PrimaryKeyRelatedField[Prompt]):
    """A prompt the person may see: any other does not exist."""

    queryset = Prompt.objects.all()

    def get_queryset(self) -> QuerySet[Prompt]:
        return visible_prompts(signed_in(self)).select_related("team")


class PromptScoped(TeamScoped):
    """What belongs to a prompt. `prompt_lookup` leads to it; "" for prompts themselves."""

    prompt_lookup: ClassVar[str] = "prompt"
    change_capability: ClassVar[Capability] = Capability.EDIT_PROMPTS

    def get_queryset(self) -> QuerySet[Any]:
        lookup = f"{self.prompt_lookup}__team" if self.prompt_lookup else "team"
        rows = super(TeamScoped, self).get_queryset()
        return rows.filter(
            Q(**{f"{lookup}__in": teams_with(self.person, self.view_capability)})
            | Q(**{f"{lookup}__isnull": True})
        )

    def prompt_of(self, obj: Any) -> Prompt:
        """The prompt that an object belongs to."""
        found = obj
        for name in self.prompt_lookup.split("__") if self.prompt_lookup else ():
            found = getattr(found, name)
        prompt: Prompt = found
        return prompt

    def check_object_permissions(self, request: Request, obj: Any) -> None:
        super(TeamScoped, self).check_object_permissions(request, obj)
        if request.method not in ("GET", "HEAD", "OPTIONS") and self.action not in self.other_rights:
            self.require_for(self.change_capability, self.prompt_of(obj))

    other_rights: ClassVar[tuple[str, ...]] = ()
    """Actions that check for themselves who may do them."""

    def may_create(self) -> bool:
        return self.person.is_superuser or super().may_create()

    def require_for(self, capability: Capability, prompt: Prompt) -> None:
        """Raises PermissionDenied when the person lacks the capability for the prompt."""
        if prompt.team is not None:
            self.require(capability, prompt.team)
        elif not (self.person.is_active and self.person.is_superuser):
            raise PermissionDenied("What is shared by all teams is for superusers to change.")

    def before_create(self, values: dict[str, Any]) -> None:
        self.require_for(self.change_capability, values["prompt"])

    def team_in(self, values: dict[str, Any]) -> Team:
        team = values.get("team")
        if not isinstance(team, Team):
            raise PermissionDenied("Choose a team: prompts shared by all are for superusers.")
        return team

    def handle_exception(self, exc: Exception) -> Response:
        """What can't be done is a conflict with how things are; its message says what to do."""
        if isinstance(exc, PromptError):
            exc = Conflict({"detail": str(exc), "problems": list(getattr(exc, "problems", ()))})
        elif isinstance(exc, ModelError):
            exc = serializers.ValidationError(_by_field(exc))
        return super().handle_exception(exc)


def _by_field(error: ModelError) -> dict[str, list[str]]:
    if not hasattr(error, "error_dict"):
        return {"non_field_errors": error.messages}
    return {
        ("non_field_errors" if name == "__all__" else name): texts
        for name, texts in error.message_dict.items()
    }
