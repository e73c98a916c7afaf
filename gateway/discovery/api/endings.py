from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access.api import OwnedViewSet
from accounts.access.principals import may_manage_shared, principal
from accounts.api.base import read
from gateway.discovery.models import EndingUse, ModelNews
from gateway.discovery.selectors.endings import endings
from gateway.discovery.services.succession import succeed
from kernel.clock import utc_now


class ModelNewsSerializer(serializers.ModelSerializer[ModelNews]):
    class Meta:
        model = ModelNews
        fields = ("id", "kind", "model_id", "region", "text", "ends_on", "created_at")


class ModelNewsViewSet(OwnedViewSet):
    """News of models: what is new, has changed, or ends."""

    queryset = ModelNews.objects.all()
    serializer_class = ModelNewsSerializer


class EndingUseSerializer(serializers.ModelSerializer[EndingUse]):
    name = serializers.CharField(help_text="Of the application or the prompt.")

    class Meta:
        model = EndingUse
        fields = ("team", "application", "prompt", "name", "route", "calls")


class EndingSerializer(serializers.Serializer[Any]):
    model_id = serializers.CharField(source="model.model_id")
    name = serializers.CharField(source="model.name")
    ends_on = serializers.DateField()
    days = serializers.IntegerField(help_text="Until then; below 0 where it is past.")
    legacy_from = serializers.DateField(source="model.legacy_from", allow_null=True)
    extended_from = serializers.DateField(
        source="model.extended_from", allow_null=True, help_text="From when AWS may charge more."
    )
    successor = serializers.CharField(allow_blank=True)
    routes = serializers.ListField(child=serializers.CharField(), help_text="That lead to it.")
    uses = EndingUseSerializer(many=True, help_text="Calls of the last 30 days, of your teams.")


class EndingModelsView(APIView):
    """Models that end."""

    @extend_schema(responses=EndingSerializer(many=True))
    def get(self, request: Request) -> Response:
        """A calendar of the models that end, the nearest first, with whom that hits."""
        found = endings(principal(request), today=utc_now().date())
        return Response(EndingSerializer(found, many=True).data)


class SuccessionParameters(serializers.Serializer[Any]):
    model = serializers.CharField(max_length=200, help_text="The ID of the model that ends or has ended.")
    successor = serializers.CharField(
        max_length=200,
        required=False,
        allow_blank=True,
        default="",
        help_text="Empty: the one that is known.",
    )


class SuccessionSerializer(serializers.Serializer[Any]):
    aliases = serializers.ListField(
        child=serializers.CharField(), help_text="New names of the successor's routes."
    )
    routes = serializers.ListField(
        child=serializers.CharField(), help_text="Routes that lead to the successor now."
    )
    left = serializers.ListField(
        child=serializers.CharField(), help_text="Routes that lead to the old model still."
    )


class SuccessionView(APIView):
    """The names of a model that ends, led to its successor."""

    @extend_schema(request=SuccessionParameters, responses=SuccessionSerializer)
    def post(self, request: Request) -> Response:
        """Leads the names of a model to its successor: as aliases of its routes, or by the targets of routes that lead to the old one alone."""
        if not may_manage_shared(principal(request)):
            raise PermissionDenied
        asked = read(SuccessionParameters, request)
        return Response(SuccessionSerializer(succeed(asked["model"], successor=asked["successor"])).data)
