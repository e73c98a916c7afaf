"""Teams, their people, and their applications with keys."""

from datetime import datetime
from typing import Any

from accounts.models import Application, Membership, Team, User
from accounts.services.api_keys import NewKey, create_key, revoke_key


def make_team(name: str = "Mine", **fields: Any) -> Team:
    """A team that has nothing yet."""
    return Team.objects.create(name=name, **fields)


def make_person(who: str = "somebody", *, team: Team | None = None, role: str = "viewer", **fields: Any) -> User:  # fmt: skip
    """A person at example.com, with a role in a team if one is named."""
    user = User.objects.create_user(f"{who}@example.com", **fields)
    if team is not None:
        make_member(team, user, role)
    return user


def make_superuser(who: str = "root", **fields: Any) -> User:
    """A person at example.com who may do everything."""
    return User.objects.create_superuser(f"{who}@example.com", **fields)


def make_member(team: Team, user: User, role: str = "viewer") -> Membership:
    """A role for somebody in a team."""
    return Membership.objects.create(user=user, team=team, role=role)


def make_application(team: Team, name: str = "app", **fields: Any) -> Application:
    """An application without a key."""
    return Application.objects.create(team=team, name=name, **fields)


def make_key(
    application: Application, name: str = "production", *, revoked_at: datetime | None = None, **fields: Any
) -> NewKey:
    """A key that may call every model, with its text."""
    new = create_key(application=application, name=name, **fields)
    if revoked_at is not None:
        revoke_key(api_key=new.api_key, now=revoked_at)
    return new
