from rest_framework import serializers

from accounts.access.api import OwnedSerializer
from gateway.catalogue.api.base import CatalogViewSet
from gateway.catalogue.models import Deployment


class DeploymentSerializer(OwnedSerializer):
    invoke_id = serializers.CharField(read_only=True, help_text="What Bedrock is asked for.")

    class Meta:
        model = Deployment
        fields = ("id", "model", "region", "profile", "arn", "invoke_id", "is_enabled")


class DeploymentViewSet(CatalogViewSet):
    """Models in a region, called directly or through a cross-region inference profile."""

    queryset = Deployment.objects.select_related("model")
    serializer_class = DeploymentSerializer
