"""Who shares answers with whom: any order of calls and purges over teams, versions of a prompt, policies and people, beside a
model of what may be shared that fits on a page."""

import json
import random
from dataclasses import dataclass, field
from tempfile import NamedTemporaryFile

import httpx
import pytest

from accounts.models import Team
from gateway.cache.models import CachePurge
from gateway.catalogue.models import CacheRule
from tests.accounts.factories import make_application, make_key
from tests.e2e.conftest import World

pytestmark = [pytest.mark.slow]

TEAMS = ("Isolated one", "Isolated two")
APPLICATIONS = ("usual", "strict")
VERSIONS = (1, 2)
PEOPLE = ("ann", "bea", "")
TEXTS = ("Who made this?", "Is ann@example.com right?", "Is bob@example.com right?")
NAME = "isolated"
STEPS = 120

Place = tuple[str, str, int, str]
"""Team, application (for its policy), version and text: what an answer is known by."""


@dataclass
class Model:
    """Answers that there are, and whose they are."""

    kept: dict[Place, str] = field(default_factory=dict)

    def shares(self, place: Place, person: str) -> bool:
        """Whether an answer is given again. One with a value is that person's alone."""
        if place not in self.kept:
            return False
        return "@" not in place[3] or self.kept[place] == person

    def keep(self, place: Place, person: str) -> None:
        self.kept[place] = person

    def end(self, *, team: str, person: str | None = None) -> None:
        self.kept = {
            place: whose for place, whose in self.kept.items() if place[0] != team or (person is not None and whose != person)
        }  # fmt: skip


@pytest.fixture(scope="module")
def keys(shared_world: World) -> dict[tuple[str, str], str]:
    """A key for each team and application; the policy of one of the two hides names of countries, too."""
    world, found = shared_world, {}
    document = {
        "variables": [{"name": "text"}],
        "messages": [{"role": "user", "text": "{{ text }}"}],
    }
    for team in TEAMS:
        world.new_key(team=team)
        prompt = world.new_prompt(NAME, document, team=team)
        world.new_version(prompt, document)

        def make(team: str = team) -> dict[str, str]:
            row = Team.objects.get(name=team)
            return {name: make_key(make_application(row, name), "").text for name in APPLICATIONS}

        found |= {(team, name): key for name, key in world.stack.make(make).items()}
        with NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({"rules": [{"entity": "IBAN_CODE"}]}, file)
            file.flush()
            world.stack.manage("publish_privacy_policy", file.name, "--team", team, "--application", "strict", "--reason", "A test.")  # fmt: skip
    world.stack.make(lambda: CacheRule.objects.create(name="isolated", prompt=None, team=None, semantic="serve", min_similarity=0.5))  # fmt: skip
    world.knows(world.new_key(team=TEAMS[0]))
    yield found
    world.stack.make(lambda: CacheRule.objects.filter(name="isolated").delete())


def ask(world: World, key: str, version: int, text: str, person: str) -> httpx.Response:
    answer = world.post(
        f"/v1/prompts/{NAME}/run",
        json={"version": version, "variables": {"text": text}},
        headers={"X-Gatehouse-End-User": person} if person else {},
        key=key,
    )
    assert answer.status_code == 200, answer.text
    return answer


def _kept_as(world: World, key: str, person: str) -> str:
    """What stands for a person in records."""
    return str(world.record(ask(world, key, 1, "Hello?", person).headers["x-gatehouse-call-id"])["end_user"])


def _purge(world: World, team: str, end_user: str = "") -> None:
    world.stack.make(
        lambda: CachePurge.objects.create(team=Team.objects.get(name=team), end_user=end_user) and None
    )


@pytest.mark.parametrize("seed", range(3))
def test_answers_are_shared_as_the_model_says_and_with_nobody_else(shared_world, keys, seed):
    world, model, dice = shared_world, Model(), random.Random(seed)
    for team in TEAMS:
        _purge(world, team)
    kept_as = {
        (team, person): _kept_as(world, keys[team, "usual"], person) for team in TEAMS for person in PEOPLE
    }
    hits = 0
    for step in range(STEPS):
        team = dice.choice(TEAMS)
        if dice.random() < 0.08:
            person = dice.choice(PEOPLE)
            _purge(world, team, kept_as[team, person])
            model.end(team=team, person=person or None)
            continue
        place = (team, dice.choice(APPLICATIONS), dice.choice(VERSIONS), dice.choice(TEXTS))
        person = dice.choice(PEOPLE)
        answer = ask(world, keys[team, place[1]], place[2], place[3], person)
        is_hit = answer.headers["x-gatehouse-cache"].startswith("hit")
        assert is_hit == model.shares(place, person), (
            step,
            place,
            person,
            answer.headers["x-gatehouse-cache"],
        )
        assert all(text in answer.text for text in ("@",) if "@" in place[3])
        for other in {"ann@example.com", "bob@example.com"} - set(place[3].split()):
            assert other not in answer.text
        hits += is_hit
        if not is_hit:
            model.keep(place, person)
    assert hits > STEPS / 6
