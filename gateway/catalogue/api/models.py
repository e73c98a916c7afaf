from accounts.access.api import OwnedSerializer
from gateway.catalogue.api.base import CatalogViewSet
from gateway.catalogue.models import Model


class ModelSerializer(OwnedSerializer):
    class Meta:
        model = Model
        fields = (
            "id", "model_id", "name", "vendor", "kind", "context_window", "max_output_tokens", "supports_tools",
            "supports_images", "supports_prompt_cache", "supports_structured_output", "end_of_life",
        )  # fmt: skip


class ModelViewSet(CatalogViewSet):
    """Foundation models as Bedrock names them, with their limits."""

    queryset = Model.objects.all()
    serializer_class = ModelSerializer
