"""People come into teams by address: a membership waits for whoever signs in with it."""

from django.db import transaction

from accounts.models import Membership, Team, User


def is_member(team: Team, email: str) -> bool:
    """Whether somebody with this address is in a team, or is waited for: all of which its list shows."""
    return (
        team.memberships.filter(user__email__iexact=email).exists()
        or team.memberships.filter(user=None, waits_for=email.lower()).exists()
    )


def take_up_memberships(user: User) -> None:
    """Gives somebody who signs in what has waited for their address. A role that they have already is kept."""
    with transaction.atomic():
        waiting = (
            Membership.objects.select_for_update()
            .filter(user=None, waits_for=user.email.lower())
            .order_by("pk")
        )
        for membership in waiting:
            if Membership.objects.filter(user=user, team_id=membership.team_id).exists():
                membership.delete()
            else:
                membership.user, membership.waits_for = user, ""
                membership.save(update_fields=["user", "waits_for"])
