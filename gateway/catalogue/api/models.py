from typing import Any

from rest_framework import serializers

from accounts.access.api import OwnedModelViewSet, OwnedSerializer
from gateway.catalogue.models import Deployment, Model
from gateway.catalogue.rules import BY_NAME
from gateway.catalogue.services.quotas import QUOTAS, note_entered


class ModelSerializer(OwnedSerializer):
    class Meta:
        model = Model
        exclude = ("seeded",)

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        self.merged(values).clean()
        return values


class ModelViewSet(OwnedModelViewSet):
    """Foundation models as Bedrock names them, with their limits."""

    queryset = Model.objects.all()
    serializer_class = ModelSerializer


class DeploymentSerializer(OwnedSerializer):
    invoke_id = serializers.CharField(
        read_only=True, help_text="What Bedrock, or another provider, is asked for."
    )

    class Meta:
        model = Deployment
        fields = (
            "id", "model", "region", "profile", "arn", "provider_account", "provider_model", "invoke_id", "is_enabled", "rules",
            *QUOTAS, "quota_pool", "quota_source",
        )  # fmt: skip

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        merged = self.merged(values)
        merged.clean()
        before = self.instance
        changed = [
            name
            for name, value in values.items()
            if (None if before is None else getattr(before, name)) != value
        ]
        note_entered(merged, changed)
        return {**values, "quota_source": merged.quota_source}

    def validate_rules(self, rules: object) -> dict[str, str]:
        """Names of rules, and for each an action that it has."""
        if not isinstance(rules, dict):
            raise serializers.ValidationError("Send an object: names of rules, each with an action.")
        for name, action in rules.items():
            rule = BY_NAME.get(name)
            if rule is None:
                raise serializers.ValidationError(
                    f"There is no rule “{name}”. There are: {', '.join(BY_NAME)}."
                )
            if action not in rule.actions:
                raise serializers.ValidationError(f"“{name}” can be: {', '.join(rule.actions)}.")
        return rules


class DeploymentViewSet(OwnedModelViewSet):
    """Models in a region, called directly or through a cross-region inference profile; or at another provider."""

    queryset = Deployment.objects.select_related("model")
    serializer_class = DeploymentSerializer
