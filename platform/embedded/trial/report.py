"""What was tried, as Markdown."""

from collections.abc import Iterable, Iterator

from embedded.trial.advice import all_advice, gateways_rule, simulators_rule
from embedded.trial.outcome import Outcome, Verdict
from embedded.trial.trial import Trial, Tried

_COUNTED = {
    Verdict.SAME: "the same",
    Verdict.WORDS: "refused alike in other words",
    Verdict.DIFFERENT: "different",
    Verdict.UNKNOWN: "could not be asked",
}


def report(trials: Iterable[Trial], address: str, day: str) -> str:
    """The page: for each model what differs first, what to do about it, then the rest."""
    lines = ["# Bedrock and the simulator", "", f"Asked on {day}: {address}"]
    for trial in trials:
        lines += ["", *_model(trial)]
    return "\n".join(lines) + "\n"


def summary(trial: Trial) -> str:
    """In one line."""
    told = [f"{len(trial.having(verdict))} {words}" for verdict, words in _COUNTED.items()]
    return f"{len(trial.tried)} probes: {', '.join(told)}; ${trial.spent:.4f} spent at most"


def _model(trial: Trial) -> Iterator[str]:
    differing = trial.having(Verdict.DIFFERENT)
    yield f"## {trial.target.invoke_id} in {trial.target.region}"
    yield ""
    yield summary(trial) + "."
    if trial.was_broken_off:
        yield f"It was broken off: {len(trial.missing)} probes were not tried."
    for tried in differing:
        yield from ("", f"### {tried.probe.name}", "", *_details(tried))
    if differing:
        yield from ("", "### What to do", "")
        yield from (f"- {line} ({', '.join(names)})" for line, names in all_advice(differing).items())
    yield from _table("Could not be asked", trial.having(Verdict.UNKNOWN))
    yield from _table("Refused alike, in other words", trial.having(Verdict.WORDS))
    yield from _table("The same", trial.having(Verdict.SAME))
    if trial.left_out:
        names = ", ".join(probe.name for probe in trial.left_out)
        yield from ("", "### Left out for what they might cost", "", names)


def _details(tried: Tried) -> Iterator[str]:
    probe = tried.probe
    yield f"- sent: {probe.sends} ({probe.operation})"
    yield f"- AWS: {_code(tried.aws)}"
    yield f"- simulator: {_code(tried.simulator)}"
    if rule := simulators_rule(probe):
        yield f"- the simulator's rule: {rule}"
    if rule := gateways_rule(probe):
        yield f"- the deployment's rule: {rule}"
    if probe.capability:
        yield f"- the model's capability: `{probe.capability}`"


def _table(title: str, found: list[Tried]) -> Iterator[str]:
    if not found:
        return
    yield from ("", f"### {title}", "", "| probe | sent | AWS | simulator | rules |", "|---|---|---|---|---|")
    for tried in found:
        probe = tried.probe
        same = tried.verdict is Verdict.SAME and str(tried.aws) == str(tried.simulator)
        simulator = "the same" if same else _code(tried.simulator)
        rules = "; ".join(filter(None, (probe.simulator, probe.gateway and f"`{probe.gateway}`"))) or "none"
        yield f"| {probe.name} | {_cell(probe.sends)} | {_code(tried.aws)} | {simulator} | {rules} |"


def _code(outcome: Outcome) -> str:
    return f"`{_cell(str(outcome)).replace('`', chr(39))}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
