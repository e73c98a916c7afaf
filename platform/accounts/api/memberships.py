from typing import Any, cast

from rest_framework import serializers

from accounts.access.api import OwnedModelViewSet, OwnedSerializer
from accounts.models import Membership, Role, User
from accounts.policy.roles import Capability


class MembershipSerializer(OwnedSerializer):
    """A member is named by e-mail address, so that nobody needs to see everybody who can sign in."""

    email = serializers.EmailField(source="user.email")
    name = serializers.CharField(source="user.name", read_only=True)

    class Meta:
        model = Membership
        fields = ("id", "team", "email", "name", "role", "created_at")
        extra_kwargs = {"role": {"required": True}}

    def validate_email(self, email: str) -> str:
        """The address of somebody who can sign in; that of a member is not changed."""
        if self.instance is not None:
            if email.lower() != self.instance.user.email:
                raise serializers.ValidationError("This can't be changed.")
        elif not User.objects.filter(email__iexact=email, is_active=True).exists():
            raise serializers.ValidationError("Nobody with this address can sign in.")
        return email.lower()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        member = attrs.pop("user", None)
        if self.instance is None:
            attrs["user"] = User.objects.get(email__iexact=cast(Any, member)["email"])
            if Membership.objects.filter(team=attrs["team"], user=attrs["user"]).exists():
                raise serializers.ValidationError({"email": ["This person is a member already."]})
        return attrs


class MembershipViewSet(OwnedModelViewSet):
    """Who is in a team, and in which role. Owners are made and unmade by owners only."""

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
