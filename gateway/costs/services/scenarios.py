"""Scenarios are kept here."""

from django.db import transaction

from accounts.models import Team, User
from gateway.costs.models import CostScenario
from gateway.costs.policy.choice import Choice, checked_choice, plain_choice
from gateway.costs.policy.scenario import Scenario, checked, plain


@transaction.atomic
def keep_scenario(
    *, team: Team | None, name: str, scenario: Scenario, choice: Choice, by: User | None
) -> CostScenario:
    """Keeps a scenario under a name; one of the same name and team is replaced. ImpossibleScenarioError, ValidationError."""
    values = {"scenario": plain(checked(scenario)), "choice": plain_choice(checked_choice(choice))}
    row = CostScenario.objects.select_for_update(of=("self",)).filter(team=team, name=name).first()
    row = row or CostScenario(team=team, name=name, created_by=by)
    row.scenario, row.choice = values["scenario"], values["choice"]
    row.full_clean(validate_unique=False, validate_constraints=False)
    row.save()
    return row
