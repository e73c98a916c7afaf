from typing import Any

from django.db import transaction
from rest_framework import serializers

from accounts.access.api import OwnedModelViewSet, OwnedSerializer
from gateway.catalogue.models import Route, RouteTarget
from gateway.catalogue.models.route import check_targets
from gateway.catalogue.services.renaming import why_not_renamed
from gateway.catalogue.services.shadow_budgets import keep_shadow_budget


class TargetSerializer(OwnedSerializer):
    """One deployment of a route. Its place in the list is its place in the order."""

    class Meta:
        model = RouteTarget
        fields = ("deployment", "weight")


class RouteSerializer(OwnedSerializer):
    """Targets, where given, replace those that were."""

    targets = TargetSerializer(many=True, required=False)

    class Meta:
        model = Route
        fields = (
            "id", "name", "aliases", "description", "strategy", "default_max_tokens", "max_tokens_limit",
            "expected_output_tokens", "refuses_sampling", "prompt_cache", "timeout_seconds", "attempts", "default_temperature", "default_top_p", "wait_seconds", "regions", "fallbacks",
            "weight_cost", "weight_quality", "weight_latency", "tighten_only", "shadow_route", "shadow_percent", "shadow_budget",
            "is_enabled", "targets", "created_at",
        )  # fmt: skip

    def validate_targets(self, targets: list[dict[str, Any]]) -> list[dict[str, Any]]:
        deployments = [target["deployment"].pk for target in targets]
        if len(deployments) != len(set(deployments)):
            raise serializers.ValidationError("A deployment is in the list twice.")
        return targets

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        route = self.merged({name: value for name, value in attrs.items() if name != "targets"})
        route.clean()
        if why := why_not_renamed(route, route.name):
            raise serializers.ValidationError({"name": why})
        if "targets" in attrs:
            weights = [target.get("weight", 1) for target in attrs["targets"]]
        else:
            weights = [] if self.instance is None else [each.weight for each in self.instance.targets.all()]
        check_targets(route.strategy, weights)
        return attrs

    @transaction.atomic
    def create(self, validated_data: dict[str, Any]) -> Route:
        targets = validated_data.pop("targets", [])
        route = Route.objects.create(**validated_data)
        _put_targets(route, targets)
        keep_shadow_budget(route)
        return route

    @transaction.atomic
    def update(self, instance: Route, validated_data: dict[str, Any]) -> Route:
        targets = validated_data.pop("targets", None)
        route: Route = super().update(instance, validated_data)
        if targets is not None:
            route.targets.all().delete()
            _put_targets(route, targets)
        keep_shadow_budget(route)
        return route


def _put_targets(route: Route, targets: list[dict[str, Any]]) -> None:
    RouteTarget.objects.bulk_create(
        RouteTarget(route=route, position=position, **target) for position, target in enumerate(targets)
    )


class RouteViewSet(OwnedModelViewSet):
    """Routes: the names callers pass as model."""

    queryset = Route.objects.prefetch_related("targets")
    serializer_class = RouteSerializer
