from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access.api import OwnedViewSet
from accounts.api.base import read_query
from accounts.api.fields import UsdField
from gateway.catalogue.api.models import DeploymentSerializer
from gateway.discovery.models import Discovered, DiscoveredList, FoundKind
from gateway.discovery.selectors.matrix import ABILITIES, MatrixQuery, matrix
from gateway.discovery.services.actions import deploy
from kernel.clock import utc_now


class DiscoveredSerializer(serializers.ModelSerializer[Discovered]):
    class Meta:
        model = Discovered
        fields = (
            "id", "account", "region", "kind", "identifier", "name", "state", "facts", "first_seen_at", "last_seen_at", "gone_at",
        )  # fmt: skip


class DiscoveredFilters(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(required=False, choices=FoundKind.choices)
    region = serializers.CharField(required=False, max_length=32)
    identifier = serializers.CharField(required=False, max_length=1100)


class DiscoveredViewSet(OwnedViewSet):
    """What AWS has in each region: models, profiles, provisioned throughput, guardrails, knowledge bases."""

    queryset = Discovered.objects.order_by("id")
    serializer_class = DiscoveredSerializer
    filters = DiscoveredFilters

    @extend_schema(request=None, responses={201: DeploymentSerializer})
    @action(detail=True, methods=["post"])
    def deploy(self, request: Request, pk: str) -> Response:
        """Adds a deployment of it. It has no price yet: calls to it are refused until it has."""
        made = deploy(self.get_object())
        context = self.get_serializer_context()
        return Response(DeploymentSerializer(made, context=context).data, status=status.HTTP_201_CREATED)


class DiscoveredListSerializer(serializers.ModelSerializer[DiscoveredList]):
    class Meta:
        model = DiscoveredList
        fields = ("id", "account", "region", "operation", "read_at", "tried_at", "problem")


class DiscoveredListViewSet(OwnedViewSet):
    """How the last reading of each list of each region went."""

    queryset = DiscoveredList.objects.all()
    serializer_class = DiscoveredListSerializer


class MatrixParameters(serializers.Serializer[Any]):
    region = serializers.CharField(required=False, max_length=32)
    vendor = serializers.CharField(required=False, max_length=60)
    ability = serializers.ChoiceField(required=False, choices=[name for name, _ in ABILITIES])
    deployed = serializers.ChoiceField(required=False, choices=["yes", "no"])
    search = serializers.CharField(required=False, max_length=200)


class WaySerializer(serializers.Serializer[Any]):
    region = serializers.CharField()
    profile = serializers.CharField(
        help_text="The inference profile's prefix; empty: on demand in the region."
    )
    discovered = serializers.IntegerField(source="found_id")
    deployment = serializers.IntegerField(source="deployment_id", allow_null=True)
    is_enabled = serializers.BooleanField()
    input_usd = UsdField(source="input_rate", allow_null=True, help_text="Dollars per million tokens.")
    output_usd = UsdField(source="output_rate", allow_null=True)
    requests_per_minute = serializers.IntegerField(allow_null=True)
    tokens_per_minute = serializers.IntegerField(allow_null=True)
    input_tokens_per_minute = serializers.IntegerField(allow_null=True)
    output_tokens_per_minute = serializers.IntegerField(allow_null=True)


class MatrixRowSerializer(serializers.Serializer[Any]):
    model_id = serializers.CharField()
    name = serializers.CharField()
    vendor = serializers.CharField()
    status = serializers.CharField(help_text="AWS's word: ACTIVE or LEGACY.")
    ends_on = serializers.DateField(allow_null=True)
    model = serializers.IntegerField(source="catalogue_id", allow_null=True, help_text="In the catalogue.")
    abilities = serializers.ListField(child=serializers.CharField())
    ways = serializers.SerializerMethodField()

    @extend_schema_field(WaySerializer(many=True))
    def get_ways(self, row: Any) -> Any:
        several = [way for region in sorted(row.ways) for way in row.ways[region]]
        return WaySerializer(several, many=True).data


class MatrixView(APIView):
    """Models by region."""

    @extend_schema(parameters=[MatrixParameters], responses=MatrixRowSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Foundation models and how each is called in each region, with abilities, price, quota and deployment."""
        asked = read_query(MatrixParameters, request)
        rows = matrix(MatrixQuery(**asked), now=utc_now())
        return Response(MatrixRowSerializer(rows, many=True).data)
