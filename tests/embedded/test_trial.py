"""The probes of Bedrock: which there are, what they cost at most, and how two answers compare."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import models

from embedded.simulator.strict.rules import CONVERSE, MESSAGES
from embedded.trial.advice import advice
from embedded.trial.outcome import Outcome, Usage, Verdict, compare, without_secrets
from embedded.trial.probe import SHAPES, Probe
from embedded.trial.service import BASELINE
from embedded.trial.suite import MAX_DOLLARS, chosen, max_dollars, probes_for
from embedded.trial.target import CannotTry, Prices, Target, target_of
from embedded.trial.trial import Trial, Tried, run
from gateway.catalogue.models import Model
from gateway.catalogue.rules import BY_NAME

HAIKU = target_of("anthropic.claude-haiku-4-5-20251001-v1:0", "us-east-1")
NOVA = target_of("amazon.nova-lite-v1:0", "us-east-1")
PROBE = Probe("a", "b", {"inferenceConfig": {"maxTokens": 8}}, shows=("toolUse",), tells=("the limit",))
TAKEN = Outcome(200, stop_reason="end_turn", marks=("text",), usage=Usage(10, 8))
REFUSED = Outcome(400, "ValidationException", "Not so.")


def every_probe() -> list[Probe]:
    return [*probes_for(HAIKU), *probes_for(NOVA)]


def test_there_is_a_probe_of_each_rule_of_a_deployment() -> None:
    assert {probe.gateway for probe in every_probe()} == {"", *BY_NAME}


def test_probes_name_rules_and_capabilities_that_there_are() -> None:
    rules = {rule.name for rule in (*CONVERSE, *MESSAGES)} | {"", SHAPES}
    fields = {field.name for field in Model._meta.get_fields() if isinstance(field, models.Field)} | {""}
    assert {probe.simulator for probe in every_probe()} <= rules
    assert {probe.capability for probe in every_probe()} <= fields


@pytest.mark.parametrize("target", [HAIKU, NOVA])
def test_names_are_there_once(target: Target) -> None:
    names = [probe.name for probe in probes_for(target)]
    assert len(names) == len(set(names))


def test_most_of_the_simulators_rules_are_tried() -> None:
    tried = {probe.simulator for probe in every_probe()}
    assert len({rule.name for rule in CONVERSE} - tried) < 10


def test_an_id_is_called_by_a_profile_where_the_region_has_it_by_that_alone() -> None:
    assert HAIKU.invoke_id == HAIKU.profile_id == "us.anthropic.claude-haiku-4-5-20251001-v1:0"
    assert NOVA.invoke_id == NOVA.base_id
    assert target_of("global.anthropic.claude-haiku-4-5-20251001-v1:0", "us-east-1").prices.output == 5


def test_what_the_catalogue_has_no_price_for_can_be_given_one() -> None:
    model = "apac.anthropic.claude-haiku-4-5-20251001-v1:0"
    with pytest.raises(CannotTry, match="no price"):
        target_of(model, "ap-south-1")
    given = Prices(Decimal(1), Decimal(2), Decimal(2))
    assert target_of(model, "ap-south-1", given).prices == given


@pytest.mark.parametrize("model", ["no.such-model", "cohere.embed-english-v3"])
def test_what_the_simulator_knows_no_answers_of_is_not_tried(model: str) -> None:
    with pytest.raises(CannotTry):
        target_of(model, "us-east-1")


def test_probes_are_chosen_by_any_of_their_names() -> None:
    probes = probes_for(HAIKU)
    by_rule = chosen(probes, ["prefill_space"])
    assert [probe.name for probe in by_rule] == ["plain chat", "white space at the end"]
    assert by_rule == chosen(probes, ["white space at the end"])
    with pytest.raises(KeyError):
        chosen(probes, ["nothing"])


def test_a_whole_answer_is_in_the_bound_unless_it_is_refused_anyway() -> None:
    limit = {
        name: next(each for each in probes_for(name) if each.name == "output limit") for name in (HAIKU, NOVA)
    }
    assert max_dollars(limit[NOVA], NOVA) > NOVA.prices.of(0, NOVA.max_output_tokens)
    assert max_dollars(limit[HAIKU], HAIKU) < Decimal("0.01")


@pytest.mark.parametrize(
    ("aws", "simulator", "verdict"),
    [
        (TAKEN, TAKEN, Verdict.SAME),
        (TAKEN, Outcome(200, stop_reason="max_tokens", marks=("text", "reasoningContent")), Verdict.SAME),
        (TAKEN, Outcome(200, marks=("toolUse",)), Verdict.DIFFERENT),
        (TAKEN, REFUSED, Verdict.DIFFERENT),
        (REFUSED, TAKEN, Verdict.DIFFERENT),
        (REFUSED, REFUSED, Verdict.SAME),
        (REFUSED, Outcome(400, "ValidationException", "No."), Verdict.WORDS),
        (REFUSED, Outcome(400, "ValidationException", "Over the limit."), Verdict.DIFFERENT),
        (REFUSED, Outcome(403, "AccessDeniedException", "Not so."), Verdict.DIFFERENT),
        (Outcome(429, "ThrottlingException", is_unknown=True), REFUSED, Verdict.UNKNOWN),
    ],
)
def test_answers_are_compared_in_what_the_probe_is_about(
    aws: Outcome, simulator: Outcome, verdict: Verdict
) -> None:
    assert compare(PROBE, aws, simulator) is verdict


def test_accounts_roles_and_keys_are_left_out_of_messages() -> None:
    text = "User: arn:aws:sts::123456789012:assumed-role/Admin/me with AKIAIOSFODNN7EXAMPLE of 123456789012"
    assert without_secrets(text) == "User: … with … of …"


def test_what_to_do_names_the_switch_and_the_capability() -> None:
    probe = Probe("a", "b", {}, gateway="prefill", capability="prefill")
    told = " ".join(advice(Tried(probe, TAKEN, REFUSED, Verdict.DIFFERENT)))
    assert "switch the rule `prefill` to “pass”" in told
    assert "look at `prefill`" in told
    assert "the simulator refuses what AWS takes" in told
    assert "not switched" in " ".join(advice(Tried(probe, REFUSED, TAKEN, Verdict.DIFFERENT)))


class Said:
    """A side that says the same to everything."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes, self.asked = list(outcomes), 0

    def ask(self, probe: Probe, target: Target) -> Outcome:
        self.asked += 1
        return self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]


def tried(trial: Trial, aws: Any, most: Decimal) -> Iterator[Tried]:
    return run(trial, aws, Said(TAKEN), most)  # type: ignore[arg-type]


def test_no_more_is_spent_than_was_said_whatever_is_answered() -> None:
    dear = target_of("us.anthropic.claude-fable-5", "us-east-1")
    unknown = Outcome(exception="ReadTimeoutError", is_unknown=True)
    trial = Trial(dear, probes_for(dear))
    list(tried(trial, Said(TAKEN, unknown), MAX_DOLLARS))
    assert trial.spent <= MAX_DOLLARS
    assert trial.left_out
    assert len(trial.tried) + len(trial.left_out) == len(trial.probes)


def test_what_is_refused_costs_nothing_and_what_is_told_is_what_it_costs() -> None:
    probes = [BASELINE, *probes_for(HAIKU)[1:3]]
    trial = Trial(HAIKU, probes)
    list(tried(trial, Said(TAKEN, REFUSED), MAX_DOLLARS))
    assert trial.spent == HAIKU.prices.of(10, 8)


def test_a_model_that_does_not_answer_is_not_tried_further() -> None:
    aws = Said(Outcome(403, "AccessDeniedException", "You don't have access to the model."))
    trial = Trial(HAIKU, probes_for(HAIKU))
    with pytest.raises(CannotTry, match="access to the model"):
        list(tried(trial, aws, MAX_DOLLARS))
    assert aws.asked == 1


def test_what_is_broken_off_counts_as_spent() -> None:
    class Waiting:
        def ask(self, probe: Probe, target: Target) -> Outcome:
            raise KeyboardInterrupt

    trial = Trial(HAIKU, [BASELINE])
    with pytest.raises(KeyboardInterrupt):
        list(tried(trial, Waiting(), MAX_DOLLARS))
    assert trial.spent == max_dollars(BASELINE, HAIKU)
    assert trial.missing == [BASELINE]
