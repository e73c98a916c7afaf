"""Experiments and rollouts on real calls: a gateway, its snapshot, records, feedback, and what is decided by them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from django.db import connections

from gateway.catalogue.models import Model, Price
from gateway.entrances.handler import GatewayHandler
from governance.limits.models import RateLimit
from governance.records.models import AuditRecord
from kernel.clock import utc_now
from prompts.registry.models import Label, Prompt
from prompts.registry.services.labels import move_label
from prompts.rollout.models import Rollout
from prompts.rollout.policy.rollouts import RolloutAction
from prompts.rollout.selectors.experiments import experiment_results
from prompts.rollout.services import experiments, rollouts
from tests.client import HTTP
from tests.gateway.factories import gateway_settings, simulator, started
from tests.prompts.registry.factories import version
from tests.prompts.rollout.factories import make_experiment, make_prompt_in_use, make_rollout
from tests.world import World, make_world

__all__ = ["gateway_settings", "simulator"]
pytestmark = pytest.mark.django_db(transaction=True)
Post = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def world() -> World:
    made = make_world()
    Model.objects.update(context_window=200_000)
    Price.objects.update(output_rate=240_000_000)
    RateLimit.objects.all().delete()
    return made


@pytest.fixture
def prompt(world) -> Prompt:
    return make_prompt_in_use(world.mine.team)


def calling(world: World, scenario: Callable[[Post], Awaitable[None]]) -> None:
    async def run() -> None:
        handler = GatewayHandler()
        async with started() as gateway:
            handler.gateway = gateway
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(app=handler),
                base_url="http://gateway",
                headers={"authorization": f"Bearer {world.mine.key_text}"},
            )

            async def post(path: str, body: dict, end_user: str = "") -> httpx.Response:
                return await client.post(path, json=body, headers={"x-gatehouse-end-user": end_user})

            async with client:
                await scenario(post)

    asyncio.run(run())


async def _until(check: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(100):
        if await check():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come about")


def test_arms_are_sticky_and_feedback_counts_for_its_arm(gateway_settings, world, prompt):
    experiment = make_experiment(prompt, metrics=["helpful", "errors"])
    experiments.start(experiment, by=None, now=utc_now())

    async def scenario(post: Post) -> None:
        for _ in range(2):
            for number in range(12):
                answer = await post("/v1/prompts/support-reply/run", {}, f"user {number}")
                assert answer.status_code == 200, answer.text
                body = answer.json()
                assert body["experiment"]["name"] == "Shorter"
                assert body["version"] == (1 if body["experiment"]["arm"] == "as it is" else 2)
                feedback = {"call_id": body["id"], "helpful": body["version"] == 2}
                assert (await post("/v1/feedback", feedback)).status_code == 200

    calling(world, scenario)
    records = AuditRecord.objects.filter(prompt_id=prompt.pk)
    assert records.count() == 24
    for number in range(12):
        assert (
            len(set(records.filter(end_user=f"user {number}").values_list("prompt_version", flat=True))) == 1
        )
    found = experiment_results(experiment, now=utc_now())
    assert (sum(arm.calls for arm in found.arms), sum(arm.units for arm in found.arms)) == (24, 12)
    control, shorter = found.arms
    assert control.units
    assert shorter.units
    helpful = next(comparison for comparison in shorter.comparisons if comparison.metric == "helpful")
    assert (helpful.arm.mean, helpful.control.mean, helpful.arm.units) == (1, 0, shorter.units)


def test_a_rollout_goes_on_by_real_calls_and_a_moved_label_ends_it_everywhere(
    gateway_settings, world, prompt
):
    plan = [{"share": 0.5, "minutes": 0, "calls": 5}, {"share": 1, "minutes": 0, "calls": 10_000}]
    rollout = make_rollout(prompt, plan=plan)
    rollouts.start(rollout, by=None, now=utc_now())

    async def scenario(post: Post) -> None:
        async def versions(**at) -> list[int]:
            answers = [
                await post("/v1/prompts/support-reply/run", at, f"user {number}") for number in range(20)
            ]
            return [answer.json()["version"] for answer in answers]

        half = await versions()
        assert set(half) == {1, 2}
        assert await versions() == half
        assert await _in_thread(_check, rollout.pk) is RolloutAction.ADVANCE

        async def is_whole() -> bool:
            return set(await versions()) == {2}

        await _until(is_whole)
        await _in_thread(_move, prompt)

        async def is_moved() -> bool:
            return set(await versions()) == {3}

        await _until(is_moved)

    calling(world, scenario)
    rollout.refresh_from_db()
    assert rollout.state == "rolled_back"
    assert Label.objects.get(prompt=prompt).version.number == 3
    half = AuditRecord.objects.filter(prompt_run__rollout=rollout.pk)
    assert set(half.values_list("prompt_version", flat=True)) == {1, 2}


CHECKS = [{"kind": "contains", "texts": ["refund"]}, {"kind": "forbidden", "texts": ["as an AI"]}]


def test_the_arm_whose_answers_fail_their_checks_loses(gateway_settings, simulator, world):
    prompt = make_prompt_in_use(world.mine.team, text="This is version {}.")
    experiment = make_experiment(prompt, metrics=["checks", "errors"], checks=CHECKS, unit="call")
    experiments.start(experiment, by=None, now=utc_now())
    scripts = [
        {"match": "version 1", "text": "You get a refund of <b>12.50</b>.", "times": 1000},
        {"match": "version 2", "text": "No, as an AI I can't.", "times": 1000},
    ]
    HTTP.put(f"{simulator.url}/_simulator/replies", json=scripts).raise_for_status()

    async def scenario(post: Post) -> None:
        for number in range(150):
            answer = await post("/v1/prompts/support-reply/run", {"stream": number % 2 == 1})
            assert answer.status_code == 200, answer.text
            assert "event: error" not in answer.text

    try:
        calling(world, scenario)
    finally:
        HTTP.put(f"{simulator.url}/_simulator/replies", json=[]).raise_for_status()
    runs = AuditRecord.objects.filter(prompt_id=prompt.pk).values_list(
        "prompt_version", "is_stream", "prompt_run__checked"
    )
    assert set(runs) == {(1, False, "passed"), (1, True, "passed"), (2, False, "failed"), (2, True, "failed")}
    found = experiment_results(experiment, now=utc_now())
    assert [arm.samples["checks"].mean for arm in found.arms] == [1, 0]
    page = world.client("viewer").get(f"/admin/prompts/experiment/{experiment.pk}/change/").content.decode()
    assert "“shorter” is worse than “as it is”: answers that pass the checks." in page
    assert "has “refund” in it" in page


def test_a_call_of_no_experiment_is_not_checked(gateway_settings, world, prompt):
    async def scenario(post: Post) -> None:
        assert (await post("/v1/prompts/support-reply/run", {})).status_code == 200

    calling(world, scenario)
    assert AuditRecord.objects.get(prompt_id=prompt.pk).prompt_run == {}


def test_a_check_that_goes_wrong_changes_nothing_but_is_told(
    gateway_settings, world, prompt, monkeypatch, caplog
):
    rollout = make_rollout(prompt, checks=CHECKS, guardrails={"checks": {"most": 0.1}})
    rollouts.start(rollout, by=None, now=utc_now())

    def fails(*_: Any) -> None:
        raise RuntimeError("of the test")

    monkeypatch.setattr("prompts.rollout.policy.answer_check.AnswerCheck.outcome", fails)
    answers: list[httpx.Response] = []

    async def scenario(post: Post) -> None:
        answers.append(await post("/v1/prompts/support-reply/run", {}, "ann"))

    calling(world, scenario)
    assert answers[0].status_code == 200
    run = AuditRecord.objects.get(prompt_id=prompt.pk).prompt_run
    assert run == {"rollout": rollout.pk, "checked": "unchecked"}
    assert "could not be checked" in caplog.text


def test_a_rollout_is_taken_back_when_answers_fail_their_checks(gateway_settings, simulator, world):
    prompt = make_prompt_in_use(world.mine.team, text="This is version {}.")
    plan = [{"share": 0.6, "minutes": 0, "calls": 500}, {"share": 1, "minutes": 0, "calls": 10_000}]
    rollout = make_rollout(
        prompt, plan=plan, checks=CHECKS, guardrails={"checks": {"most": 0.1}}, unit="call"
    )
    rollouts.start(rollout, by=None, now=utc_now())
    scripts = [{"match": "version 2", "text": "No.", "times": 1000}, {"text": "A refund.", "times": 1000}]
    HTTP.put(f"{simulator.url}/_simulator/replies", json=scripts).raise_for_status()

    async def scenario(post: Post) -> None:
        for _ in range(60):
            assert (await post("/v1/prompts/support-reply/run", {})).status_code == 200
        assert await _in_thread(_check, rollout.pk) is RolloutAction.ROLL_BACK

    try:
        calling(world, scenario)
    finally:
        HTTP.put(f"{simulator.url}/_simulator/replies", json=[]).raise_for_status()
    rollout.refresh_from_db()
    assert rollout.state == "rolled_back"
    assert rollout.reason.startswith("Answers that fail the checks: 100.0 %, where it may be at most 10.0 %")


async def _in_thread(act: Callable[..., Any], *arguments: Any) -> Any:
    """With a database connection of its own, which does not outlive it."""

    def run() -> Any:
        try:
            return act(*arguments)
        finally:
            connections.close_all()

    return await asyncio.to_thread(run)


def _move(prompt: Prompt) -> None:
    move_label(prompt=prompt, name="production", version=version(prompt, 3), by=None)


def _check(pk: int) -> RolloutAction:
    Rollout.objects.filter(pk=pk).update(next_check_at=utc_now())
    return rollouts.check_rollout(pk, now=utc_now())
