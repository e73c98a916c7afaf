from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.api import OwnedField, OwnedViewSet
from accounts.api.base import read, without_store
from accounts.api.pagination import LatestPages
from accounts.policy.roles import Capability
from governance.records.models import AuditRecord
from governance.reviews.models import CallReview
from governance.reviews.services import call_reviews


class CallReviewFilters(serializers.Serializer[Any]):
    """Which reviews to list."""

    call_id = serializers.UUIDField(required=False)
    verdict = serializers.ChoiceField(required=False, choices=CallReview.Verdict.choices)
    stands = serializers.BooleanField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Only those that stand, or only those before them.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        stands = attrs.pop("stands")
        return attrs if stands is None else {**attrs, "replaced_at__isnull": stands}


class CallReviewSerializer(serializers.ModelSerializer[CallReview]):
    class Meta:
        model = CallReview
        fields = (
            "id",
            "call_id",
            "team",
            "email",
            "verdict",
            "note",
            "expected",
            "created_at",
            "replaced_at",
        )
        read_only_fields = fields


class CallField(OwnedField):
    """A call of a team whose content the person may read: any other does not exist. One of no team nobody reviews."""

    default_error_messages = {"does_not_exist": "There is no such call, or it is another team's."}

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().exclude(team=None)


class NewReviewSerializer(serializers.Serializer[Any]):
    """What was found."""

    call_id = CallField(
        queryset=AuditRecord.objects.all(),
        pk_field=serializers.UUIDField(),
        capability=Capability.VIEW_CONTENT,
    )
    verdict = serializers.ChoiceField(choices=CallReview.Verdict.choices)
    note = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=call_reviews.MAX_NOTE, help_text="Redacted before it is stored."
    )  # fmt: skip
    expected = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=call_reviews.MAX_EXPECTED,
        help_text="What the answer should have been. Redacted before it is stored. Test cases made from the call expect it.",
    )  # fmt: skip
    instead_of = serializers.IntegerField(
        required=False, allow_null=True, default=None, help_text="The id of the review that stands, if one does. 409 where it does not."
    )  # fmt: skip


_EXAMPLE = OpenApiExample(
    "A wrong answer",
    value={
        "call_id": "019a2f5e-7d1c-7c3e-9b5a-0c6d5f4e3b2a", "verdict": "answer",
        "note": "The refund takes five days.", "expected": "You get your money back within five working days.",
    },
    request_only=True,
)  # fmt: skip


class CallReviewViewSet(OwnedViewSet):
    """What people found who looked at calls, the latest first. A later review takes the place of one; both stay."""

    queryset = CallReview.objects.all()
    serializer_class = CallReviewSerializer
    pagination_class = LatestPages
    filters = CallReviewFilters

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        """No cache keeps what reviewers wrote."""
        return without_store(super().finalize_response(*args, **kwargs))

    @extend_schema(request=NewReviewSerializer, responses={201: CallReviewSerializer}, examples=[_EXAMPLE])
    def create(self, request: Request) -> Response:
        """Reviews a call. What was said in it is kept from then on."""
        values = read(NewReviewSerializer, request)
        made = call_reviews.review_call(values.pop("call_id"), by=self.person, **values)
        return Response(CallReviewSerializer(made).data, status=status.HTTP_201_CREATED)
