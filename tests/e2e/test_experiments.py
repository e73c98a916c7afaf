"""An experiment judged by checks of its answers, on a real server: one arm fails them, and the page says so."""

import json
from concurrent.futures import ThreadPoolExecutor

from kernel.clock import utc_now
from prompts.registry.models import Prompt
from prompts.rollout.services.experiments import start
from tests.e2e.conftest import World
from tests.prompts.rollout.factories import make_experiment
from tests.services import until

CHECKS = [
    {"kind": "json_schema", "schema": {"type": "object", "required": ["amount"]}},
    {"kind": "numeric", "path": "amount", "value": 12.5},
]
LOOK = """
from django.test import Client
from accounts.models import User
client = Client()
client.force_login(User.objects.get_or_create(email="looks@example.com", defaults={{"is_superuser": True}})[0])
print(client.get("/admin/prompts/experiment/{experiment}/change/", headers={{"host": "127.0.0.1"}}).content.decode())
"""


def _shell(world: World, code: str) -> str:
    return world.stack.manage("shell", "-v", "0", "-c", code)


def _started(prompt: Prompt) -> int:
    experiment = make_experiment(
        prompt, name="Amounts", arms=("arm 1", "arm 2"), unit="call", metrics=["checks"], checks=CHECKS
    )
    start(experiment, by=None, now=utc_now())
    return int(experiment.pk)


def test_the_arm_whose_answers_fail_their_checks_loses(world: World) -> None:
    prompt = world.new_prompt("amounts", {"messages": [{"text": "First way: how much?"}]})
    world.new_version(prompt, {"messages": [{"text": "Second way: how much?"}]})
    experiment = world.stack.make(lambda: _started(Prompt.objects.get(pk=prompt)))
    good, bad = json.dumps({"amount": 12.5}), json.dumps({"amount": "about a dozen"})
    world.say(
        {"match": "First way", "text": good, "times": 1000},
        {"match": "Second way", "text": bad, "times": 1000},
    )

    def ask(number: int) -> None:
        answer = world.post("/v1/prompts/amounts/run", json={"stream": number % 3 == 0})
        assert answer.status_code == 200, answer.text
        if number % 3:
            assert answer.json()["output"] == (good if answer.json()["version"] == 1 else bad)

    def is_running() -> bool:
        """The gateway hears of the prompt, and of what runs behind its label, a moment after they are made."""
        answer = world.post("/v1/prompts/amounts/run", json={})
        return answer.status_code == 200 and bool(answer.json()["experiment"])

    until(is_running, what="the experiment")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(160)))
    runs = world.execute(
        "SELECT prompt_version AS version, prompt_run->>'checked' AS checked, count(*) AS calls "
        "FROM governance_auditrecord WHERE prompt_id = %s AND prompt_run ? 'experiment' GROUP BY 1, 2 ORDER BY 1",
        prompt,
    )
    assert [(run["version"], run["checked"]) for run in runs] == [(1, "passed"), (2, "failed")]
    assert sum(run["calls"] for run in runs) >= 160
    page = _shell(world, LOOK.format(experiment=experiment))
    assert "“arm 2” is worse than “arm 1”: answers that pass the checks." in page
    assert "its number at “amount” is 12.5" in page
