"""What the resources of experiments and of rollouts share: both share out the calls of a prompt's label."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.db import transaction
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response

from accounts.access.api import OwnedModelViewSet
from accounts.api.base import CheckedField
from accounts.api.fields import NumberField, UsdField
from kernel.errors import ConflictError
from prompts.registry.models import Prompt, PromptVersion
from prompts.rollout.policy.answer_check import checks_of


class VersionField(NumberField):
    """A version by its number in its prompt. Which version that is, is looked up with the prompt."""

    def to_representation(self, value: Any) -> int:
        return int(value.number if isinstance(value, PromptVersion) else value)


def version_of(prompt: Prompt, number: int, field: str) -> PromptVersion:
    """A prompt's version; a ValidationError on the field where it has none of this number."""
    found = prompt.versions.filter(number=number).first()
    if found is None:
        raise serializers.ValidationError({field: [f"The prompt has no version {number}."]})
    return found


class TrafficReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=2000, help_text="Kept with the history.")


@extend_schema_field({"type": "array", "items": {"type": "object"}})
class ChecksField(CheckedField):
    """What answers must be like: assertions on their text, such as [{"kind": "contains", "texts": ["refund"]}]."""

    def checked(self, data: Any) -> Any:
        checks_of(data)
        return data


class _Bound(serializers.Serializer[Any]):
    most = serializers.FloatField(required=False, help_text="A share, from 0 to 1.")
    times = serializers.FloatField(
        required=False, help_text="So many times the version before, in the same time."
    )


class _CostBound(serializers.Serializer[Any]):
    most_usd = UsdField(required=False)
    times = serializers.FloatField(required=False)


class GuardrailsSerializer(serializers.Serializer[Any]):
    """Each is left out, or has `most` (of cost `most_usd`), `times`, or both."""

    def get_fields(self) -> dict[str, Any]:
        """`errors` is no name for an attribute of a serializer."""
        shares = {name: _Bound(required=False) for name in ("errors", "contract", "checks", "negative")}
        return {**shares, "cost": _CostBound(required=False)}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, dict) and (unknown := sorted(set(data) - set(self.fields))):
            raise serializers.ValidationError({unknown[0]: ["Unknown guardrail."]})
        found = {name: dict(bounds) for name, bounds in super().to_internal_value(data).items()}
        if "most_usd" in (cost := found.get("cost", {})):
            cost["most"] = cost.pop("most_usd")
        return found

    def to_representation(self, instance: Any) -> dict[str, Any]:
        found = {name: dict(bounds) for name, bounds in instance.items()}
        if "most" in (cost := found.get("cost", {})):
            cost["most_usd"] = UsdField().to_representation(int(cost.pop("most")))
        return found


@extend_schema_field(
    {
        "type": "object",
        "properties": {
            "teams": {"type": "array", "items": {"type": "integer"}},
            "applications": {"type": "array", "items": {"type": "integer"}},
            "attributes": {
                "type": "object",
                "additionalProperties": {"type": "array", "items": {"type": "string"}},
            },
        },
        "additionalProperties": False,
    }
)
class SegmentField(serializers.JSONField):
    """Whose calls take part: {"teams": [1], "applications": [2], "attributes": {"country": ["de", "at"]}}."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, dict) or not set(data) <= {"teams", "applications", "attributes"}:
            raise serializers.ValidationError("Give teams, applications and attributes, or some of them.")
        for name in ("teams", "applications"):
            ids = data.get(name, [])
            if not isinstance(ids, list) or not all(type(each) is int and 0 < each < 2**63 for each in ids):
                raise serializers.ValidationError(f"Give {name} as a list of ids.")
        attributes = data.get("attributes", {})
        if not isinstance(attributes, dict) or not all(
            isinstance(values, list) and values and all(isinstance(each, str) for each in values)
            for values in attributes.values()
        ):
            raise serializers.ValidationError("Give each attribute a list of the values it may have.")
        return {name: value for name, value in data.items() if value}


class TrafficViewSet(OwnedModelViewSet):
    """Of one's own teams' prompts, and shared ones. What has been started is not changed any more."""

    draft_only: ClassVar[str] = "This has been started: it can't be changed or deleted any more."

    def before_update(self, serializer: serializers.BaseSerializer[Any]) -> None:
        self._require_draft(serializer.instance)

    def before_destroy(self, instance: Any) -> None:
        self._require_draft(instance)

    def _require_draft(self, instance: Any) -> None:
        """Of a change and a start at once, one comes first."""
        rows = type(instance)._default_manager.select_for_update().filter(pk=instance.pk, state="draft")
        if not rows.exists():
            raise ConflictError(self.draft_only)

    def done(self, instance: Any, act: Callable[[], None]) -> Response:
        """The object after an action. 409 where the action does not go with how things are."""
        with transaction.atomic():
            act()
        return Response(self.get_serializer(self.get_queryset().get(pk=instance.pk)).data)
