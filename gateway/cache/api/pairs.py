from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.api import OwnedViewSet
from accounts.api.base import read, without_store
from accounts.api.filters import filters_by
from accounts.api.pagination import LatestPages
from gateway.cache.models import CachePair
from gateway.cache.services.labels import label
from kernel.clock import utc_now


class CachePairSerializer(serializers.ModelSerializer[CachePair]):
    """Two questions that were taken for the same, with both answers, masked."""

    class Meta:
        model = CachePair
        fields = (
            "id", "team", "route", "prompt", "entry", "source", "asked", "known", "served", "said", "similarity", "outcome", "label",
            "labelled_by", "labelled_at", "call_id", "at",
        )  # fmt: skip
        read_only_fields = fields


class LabelSerializer(serializers.Serializer[Any]):
    """What a person says of it."""

    label = serializers.ChoiceField(  # type: ignore[assignment]
        choices=CachePair.Label.choices, allow_blank=True, help_text="Whether the answer fits both questions. Empty: not labelled after all."
    )  # fmt: skip


class CachePairViewSet(OwnedViewSet):
    """Pairs of questions, the latest first: what is learnt from, and what reviewers label."""

    queryset = CachePair.objects.all()
    serializer_class = CachePairSerializer
    pagination_class = LatestPages
    filters = filters_by(CachePair, "team", "prompt", "source", "outcome", "label")

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        """No cache keeps what was asked and said."""
        return without_store(super().finalize_response(*args, **kwargs))

    @extend_schema(request=LabelSerializer, responses=CachePairSerializer)
    @action(detail=True, methods=["post"])
    def label(self, request: Request, pk: str) -> Response:
        """Says whether the answer fits both. It counts in the route's evidence at once, before what was measured."""
        pair: CachePair = self.get_object()
        said = read(LabelSerializer, request)["label"]
        return Response(CachePairSerializer(label(pair=pair, label=said, by=self.person, now=utc_now())).data)
