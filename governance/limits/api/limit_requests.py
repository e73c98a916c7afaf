from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access.api import OwnedField, OwnedSerializer, OwnedViewSet
from accounts.access.principals import principal
from accounts.api.base import read
from accounts.api.fields import signed_in
from accounts.api.filters import filters_by
from accounts.models import Team, User
from governance.limits.api.amounts import AmountField, amount_of, amount_text
from governance.limits.models import Budget, LimitRequest, RateLimit
from governance.limits.policy.limit_requests import RequestState, check_end, state_at
from governance.limits.selectors.limit_requests import limits_binding
from governance.limits.services import limit_requests
from kernel.clock import utc_now
from kernel.errors import at

_USUAL = timedelta(days=30)


class _BindingField(OwnedField):
    """A limit that binds the person's teams, or for superusers any: another does not exist."""

    def get_queryset(self) -> QuerySet[Any]:
        rows: Any = vars(self)["queryset"]
        return limits_binding(rows.all(), principal(self.context["request"]))


class LimitRequestSerializer(OwnedSerializer):
    """One of `budget`, `rate_limit`, or `application` with `model`."""

    team = OwnedField(
        queryset=Team.objects.all(),
        allow_null=True,
        required=False,
        help_text="For which team, where more of a limit of the whole organisation is asked.",
    )
    budget = _BindingField(queryset=Budget.objects.all(), allow_null=True, required=False)
    rate_limit = _BindingField(queryset=RateLimit.objects.all(), allow_null=True, required=False)
    amount = AmountField(
        required=False,
        help_text="How much more: dollars as a decimal string, or a number of requests, tokens, calls.",
    )
    ends_at = serializers.DateTimeField(required=False, help_text="30 days from now unless given.")
    summary = serializers.SerializerMethodField()

    class Meta:
        model = LimitRequest
        fields = (
            "id", "team", "budget", "rate_limit", "application", "model", "subject", "amount", "reason", "ends_at",
            "state", "requested_by", "created_at", "decided_by", "decided_at", "note", "grant", "summary",
        )  # fmt: skip
        read_only_fields = ("state", "requested_by", "decided_by", "decided_at", "note", "grant")

    @extend_schema_field(serializers.CharField())
    def get_summary(self, request: LimitRequest) -> str:
        return str(request)

    def to_representation(self, instance: LimitRequest) -> Any:
        found = super().to_representation(instance)
        found["amount"] = amount_text(instance)
        found["state"] = state_at(RequestState(instance.state), ends_at=instance.ends_at, now=utc_now()).value
        return found

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs["amount"] = amount_of(attrs.get("amount"), in_dollars=attrs.get("budget") is not None)
        attrs.setdefault("ends_at", utc_now() + _USUAL)
        request = _made_of(attrs, by=signed_in(self))
        attrs["team"] = request.team
        with at("ends_at"):
            check_end(request.ends_at, now=utc_now())
        return attrs

    def create(self, validated_data: dict[str, Any]) -> LimitRequest:
        request = _made_of(validated_data, by=signed_in(self))
        return limit_requests.ask(request, by=signed_in(self), now=utc_now())


def _made_of(values: dict[str, Any], *, by: User) -> LimitRequest:
    """The request, checked. Raises the model's ValidationError, LimitRequestError."""
    request = LimitRequest(**values)
    if any(values.get(name) for name in ("budget", "rate_limit", "application")):
        with at("team"):
            limit_requests.put_team(request, team=values.get("team"), by=by)
    request.clean()
    return request


class DecisionSerializer(serializers.Serializer[Any]):
    """What is granted: as asked, or less; for as long, or shorter."""

    amount = AmountField(required=False)
    ends_at = serializers.DateTimeField(required=False)
    note = serializers.CharField(required=False, allow_blank=True, max_length=2000, default="")


class NoteSerializer(serializers.Serializer[Any]):
    note = serializers.CharField(required=False, allow_blank=True, max_length=2000, default="")


_EXAMPLE = OpenApiExample(
    "More of a budget for a launch",
    value={
        "budget": 1,
        "amount": "50.00",
        "reason": "The launch on Friday",
        "ends_at": "2026-12-12T00:00:00Z",
    },
    request_only=True,
)


@extend_schema_view(create=extend_schema(examples=[_EXAMPLE]))
class LimitRequestViewSet(OwnedViewSet, mixins.CreateModelMixin):
    """Requests for more, for a time: anyone in a team asks, who runs the team decides."""

    queryset = LimitRequest.objects.select_related(*LimitRequest.RELATED)
    serializer_class = LimitRequestSerializer
    filters = filters_by(LimitRequest, "state", "team", "budget", "rate_limit", "application")

    def record(self, changed: Any, kind: int, message: str) -> None:
        """The service puts a request on record itself."""

    def filtered(self, rows: QuerySet[Any], wanted: dict[str, Any]) -> QuerySet[Any]:
        state = wanted.pop("state", None)
        rows = rows.filter(**wanted)
        over = Q(state=RequestState.PENDING, ends_at__lte=utc_now())
        if state == RequestState.EXPIRED:
            return rows.filter(Q(state=state) | over)
        return rows.exclude(over).filter(state=state) if state else rows

    @extend_schema(request=DecisionSerializer, responses=LimitRequestSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Grants what is asked, or less. 409 where it is decided already."""
        found = self._to_decide()
        body = read(DecisionSerializer, request)
        amount = body.get("amount")
        return self._done(
            found,
            lambda: limit_requests.approve(
                found,
                by=self.person,
                now=utc_now(),
                amount=None if amount is None else amount_of(amount, in_dollars=found.budget is not None),
                ends_at=body.get("ends_at"),
                note=body["note"],
            ),
        )

    @extend_schema(request=NoteSerializer, responses=LimitRequestSerializer)
    @action(detail=True, methods=["post"])
    def deny(self, request: Request, pk: str) -> Response:
        """Says no. 409 where it is decided already."""
        found = self._to_decide()
        note = read(NoteSerializer, request)["note"]
        return self._done(found, lambda: limit_requests.deny(found, by=self.person, now=utc_now(), note=note))

    @extend_schema(request=None, responses=LimitRequestSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Takes one's own request back. 409 where it is decided already."""
        found: LimitRequest = self.get_object()
        if found.requested_by_id != self.person.pk:
            raise PermissionDenied("Only the requester can withdraw.")
        return self._done(
            found, lambda: limit_requests.withdraw_request(found, by=self.person, now=utc_now())
        )

    def _to_decide(self) -> LimitRequest:
        found: LimitRequest = self.get_object()
        if not limit_requests.may_be_decided_by(found, self.person):
            raise PermissionDenied("Another owner or admin of the team must decide.")
        return found

    def _done(self, found: LimitRequest, act: Any) -> Response:
        act()
        found = LimitRequest.objects.get(pk=found.pk)
        return Response(LimitRequestSerializer(found, context=self.get_serializer_context()).data)
