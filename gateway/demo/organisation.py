"""The demonstration's teams, applications, people and limits."""

from dataclasses import dataclass

from django.conf import settings

from accounts.models import Application, Membership, Role, Team, User
from gateway.demo.limits import create_budgets, create_rate_limits
from governance.limits.models import Budget
from kernel.money import dollars_to_nanos

ADMIN_EMAIL = "admin@example.com"
TEAM_NAMES = ("Customer Support", "Research", "Platform")
_APPLICATIONS = {
    "Customer Support": (
        ("Help desk assistant", "Answers customers in the shop's chat."),
        ("Ticket triage", "Sorts incoming tickets by subject."),
    ),
    "Research": (
        ("Paper summaries", "Reads papers so that people read the right ones."),
        ("Data explorer", "Turns questions into queries."),
    ),
    "Platform": (("Developer portal", "Helps with pipelines and internal libraries."),),
}
_BUDGETS = {"Customer Support": "25", "Research": "32", "Platform": "6"}
_PEOPLE = {
    "support.owner": ("Customer Support", Role.OWNER),
    "support.developer": ("Customer Support", Role.DEVELOPER),
    "support.reviewer": ("Customer Support", Role.REVIEWER),
    "research.owner": ("Research", Role.OWNER),
    "research.developer": ("Research", Role.DEVELOPER),
    "research.viewer": ("Research", Role.VIEWER),
    "platform.owner": ("Platform", Role.OWNER),
    "platform.admin": ("Platform", Role.ADMIN),
}


@dataclass(frozen=True, slots=True)
class Organisation:
    """What was made, by name."""

    admin: User
    teams: dict[str, Team]
    applications: dict[str, Application]
    budgets: list[Budget]


def exists() -> bool:
    """Whether the demonstration has been loaded: its first team is there."""
    return Team.objects.filter(name=TEAM_NAMES[0]).exists()


def create_organisation(*, admin_password: str) -> Organisation:
    """Makes it all. Only the administrator gets a password."""
    teams = {name: Team.objects.create(name=name, description="Demonstration") for name in TEAM_NAMES}
    applications = {
        name: Application.objects.create(team=teams[team], name=name, description=description)
        for team, entries in _APPLICATIONS.items()
        for name, description in entries
    }
    budgets = Budget.objects.bulk_create(
        [
            Budget(team=teams[name], limit_nanos=dollars_to_nanos(limit), time_zone=settings.TIME_ZONE)
            for name, limit in _BUDGETS.items()
        ]
    )
    others = create_budgets(teams, applications)
    create_rate_limits(teams)
    _create_people(teams)
    admin = User.objects.filter(email=ADMIN_EMAIL).first() or User(email=ADMIN_EMAIL, name="Administrator")
    admin.is_superuser = admin.is_active = True
    admin.set_password(admin_password)
    admin.save()
    return Organisation(admin, teams, applications, [*budgets, *others])


def _create_people(teams: dict[str, Team]) -> None:
    for local_part, (team, role) in _PEOPLE.items():
        email = f"{local_part}@example.com"
        user = User.objects.filter(email=email).first()
        if user is None:
            user = User.objects.create_user(email, name=local_part.replace(".", " ").capitalize())
        Membership.objects.create(user=user, team=teams[team], role=role)
