"""What the resources of budgets and of rate limits share: both are limits for some calls."""

from typing import Any, ClassVar

from rest_framework import serializers

from accounts.access.api import OwnedSerializer
from governance.limits.models import Scoped

SCOPE_FIELDS = ("team", "application", "api_key", "feature", "end_user", "model", "per", "scope")


class ScopedSerializer(OwnedSerializer):
    """What a limit is for is given once. The model's own rules are asked, and answer by field."""

    scope = serializers.CharField(source="scope_text", read_only=True, help_text="What it is for, in words.")

    fixed_fields: ClassVar[tuple[str, ...]] = Scoped.SCOPE

    def get_validators(self) -> list[Any]:
        return []  # the model has them all

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        limit = self.merged(attrs)
        limit.complete_scope()
        limit.full_clean()
        if self.instance is not None:
            return attrs
        kept = {name: getattr(limit, name) for name in ("team", "application", "end_user", "feature")}
        return attrs | kept  # who is named is kept as a placeholder
