"""Tips that take prices, prompts and tests to find. Each says what, what shows it, dollars a month, how, and where."""

from datetime import datetime

from accounts.models import Team
from gateway.costs.services.tips.batch import batch_tips
from gateway.costs.services.tips.cache import cache_tips
from gateway.costs.services.tips.prompts import prompt_tips
from gateway.costs.services.tips.right_model import model_tips
from governance.usage.models import Tip


def find(team: Team, now: datetime) -> list[Tip]:
    """A team's, from the calls of the last thirty days."""
    return [
        *model_tips(team, now),
        *batch_tips(team, now),
        *cache_tips(team, now),
        *prompt_tips(team, now),
    ]
