from typing import Any

from rest_framework import serializers

from accounts.access.api import OwnedModelViewSet, OwnedSerializer
from accounts.models import Membership, Role
from accounts.policy.roles import Capability
from accounts.services.memberships import is_member


class MembershipSerializer(OwnedSerializer):
    """A member is named by e-mail address, so that nobody needs to see everybody who can sign in."""

    email = serializers.EmailField(source="address", max_length=254)
    name = serializers.CharField(read_only=True)
    is_waiting = serializers.BooleanField(
        read_only=True,
        help_text="Until the next sign-in with this address, whether or not it has an account.",
    )

    class Meta:
        model = Membership
        fields = ("id", "team", "email", "name", "role", "is_waiting", "created_at")
        extra_kwargs = {"role": {"required": True}}

    def validate_email(self, email: str) -> str:
        """Any address: whether it has an account is not told. That of a member is not changed."""
        if self.instance is not None and email.lower() != self.instance.address:
            raise serializers.ValidationError("This can't be changed.")
        return email.lower()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        email = attrs.pop("address", "")
        if self.instance is None:
            if is_member(attrs["team"], email):
                raise serializers.ValidationError({"email": ["This person is a member already."]})
            attrs["waits_for"] = email
        return attrs


class MembershipViewSet(OwnedModelViewSet):
    """Who is in a team, and in which role. Owners are made and unmade by owners only.

    Who is added is in from the next sign-in with the address.
    """

    queryset = Membership.objects.select_related("user", "team")
    serializer_class = MembershipSerializer

    def before_create(self, values: dict[str, Any]) -> None:
        if values["role"] == Role.OWNER:
            self.require(Capability.MANAGE_OWNERS, values["team"])

    def before_update(self, serializer: serializers.BaseSerializer[Any]) -> None:
        becomes = serializer.validated_data.get("role")
        self._owners_only(serializer.instance, becomes)

    def before_destroy(self, instance: Membership) -> None:
        self._owners_only(instance, None)

    def _owners_only(self, membership: Any, becomes: str | None) -> None:
        # Locked, so that the role looked at is the role changed.
        was = Membership.objects.select_for_update().get(pk=membership.pk).role
        if Role.OWNER in {was, becomes}:
            self.require(Capability.MANAGE_OWNERS, membership.team)
