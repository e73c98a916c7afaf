from rest_framework import serializers

from accounts.access.api import OwnedModelViewSet, OwnedSerializer
from gateway.catalogue.models import Deployment, Model


class ModelSerializer(OwnedSerializer):
    class Meta:
        model = Model
        fields = (
            "id", "model_id", "name", "vendor", "kind", "context_window", "max_output_tokens", "supports_tools",
            "supports_images", "supports_prompt_cache", "supports_structured_output", "end_of_life",
        )  # fmt: skip


class ModelViewSet(OwnedModelViewSet):
    """Foundation models as Bedrock names them, with their limits."""

    queryset = Model.objects.all()
    serializer_class = ModelSerializer


class DeploymentSerializer(OwnedSerializer):
    invoke_id = serializers.CharField(read_only=True, help_text="What Bedrock is asked for.")

    class Meta:
        model = Deployment
        fields = ("id", "model", "region", "profile", "arn", "invoke_id", "is_enabled")


class DeploymentViewSet(OwnedModelViewSet):
    """Models in a region, called directly or through a cross-region inference profile."""

    queryset = Deployment.objects.select_related("model")
    serializer_class = DeploymentSerializer
