"""What to do about a difference."""

from collections.abc import Iterable

from embedded.simulator.strict.rules import CONVERSE, MESSAGES
from embedded.trial.probe import SHAPES, Probe
from embedded.trial.trial import Tried

_MODULES = {rule.name: rule.find.__module__.rpartition(".")[2] for rule in (*MESSAGES, *CONVERSE)}
_SOURCES = {rule.name: rule.source for rule in (*MESSAGES, *CONVERSE)}
_FOLDER = "platform/embedded/simulator/strict"


def simulators_rule(probe: Probe) -> str:
    """Where the simulator's rule stands, with its source; "" where no rule is about it."""
    if probe.simulator == SHAPES:
        return f"the service's shapes (`{_FOLDER}/service.py`; botocore's model of bedrock-runtime)"
    if probe.simulator not in _MODULES:
        return ""
    place = f"`{_FOLDER}/{_MODULES[probe.simulator]}.py`"
    return f"“{probe.simulator}” ({place}; {_SOURCES[probe.simulator]})"


def gateways_rule(probe: Probe) -> str:
    """The rule of a deployment; "" where none is about it."""
    return f"`{probe.gateway}` (`gateway/catalogue/rules.py`)" if probe.gateway else ""


def advice(tried: Tried) -> list[str]:
    """What an administrator can do, and what is to be reported."""
    probe, found = tried.probe, []
    takes_more = tried.aws.is_taken and not tried.simulator.is_taken
    takes_less = tried.simulator.is_taken and not tried.aws.is_taken
    if probe.capability and takes_more != takes_less:
        found.append(
            f"On the model's page: look at `{probe.capability}`, which the simulator's answer comes from."
        )
    if probe.gateway and takes_more:
        found.append(
            f"On the deployment's page: switch the rule `{probe.gateway}` to “pass”, so that AWS decides."
        )
    if probe.gateway and takes_less:
        found.append(
            f"On the deployment's page: see that the rule `{probe.gateway}` is not switched to “pass”."
        )
    return [*found, f"Report it, with this page: {_what(tried)}"]


def _what(tried: Tried) -> str:
    if tried.aws.is_taken == tried.simulator.is_taken:
        return "AWS answers in another way than the simulator."
    if tried.aws.is_taken:
        return "the simulator refuses what AWS takes."
    return "the simulator takes what AWS refuses, so calls may fail there that pass here."


def all_advice(differing: Iterable[Tried]) -> dict[str, list[str]]:
    """Each thing to do, and the probes it is for."""
    found: dict[str, list[str]] = {}
    for tried in differing:
        for line in advice(tried):
            found.setdefault(line, []).append(tried.probe.name)
    return found
