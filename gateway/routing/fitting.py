"""A call's request as one deployment takes it."""

from gateway.call import Call
from gateway.call.fit import Fit
from gateway.refusals import Refusal
from gateway.snapshot.state import DeploymentEntry
from gateway.wire.fit.fit import fit
from gateway.wire.fit.work import Work
from kernel.clock import perf_counter

_REMEMBERED_SECONDS = 3600.0
_EXTRA_FORMAT = (
    "output_config.format: Extra inputs are not permitted",
    "extraneous key [outputConfig] is not permitted",
    "extraneous key [response_format] is not permitted",
)
"""How Bedrock words that a model has no structured output where the catalogue says that it has."""


class WithoutNative:
    """Deployments that refused structured output at run time: for a while they are asked in another way."""

    def __init__(self) -> None:
        self._until: dict[int, float] = {}

    def note(self, deployment_id: int, refusal: Refusal) -> bool:
        """Remembers a deployment if that is what it refused; whether it was."""
        if not any(words in refusal.message for words in _EXTRA_FORMAT):
            return False
        self._until[deployment_id] = perf_counter() + _REMEMBERED_SECONDS
        return True

    def __contains__(self, deployment_id: int) -> bool:
        return bool(self._until) and self._until.get(deployment_id, 0.0) > perf_counter()


def fit_for(
    call: Call, deployment: DeploymentEntry, without_native: WithoutNative, *, most_tokens: int | None
) -> Fit:
    """The request as this deployment takes it; kept on the call. Refusal invalid_request in the caller's own words."""
    avoids = deployment.id in without_native
    known = call.fit
    if (
        known is not None
        and (known.capability is deployment.capability or known.capability == deployment.capability)
        and known.actions is deployment.actions
        and not (avoids and known.output_mode == "native")
    ):
        return known
    work = Work(
        call.conversation,
        deployment.capability,
        deployment.actions,
        wire_format=call.request.wire_format,
        places=call.places,
        is_own=call.is_own,
    )
    route = call.routed.route
    mode = call.prompt.compiled.document.output.mode if call.holds_prompt_to_schema else "auto"
    try:
        call.fit = fit(
            work,
            default_max_tokens=route.default_max_tokens,
            most_tokens=lowest(route.max_tokens_limit, most_tokens),
            avoid_native=avoids,
            output_mode=mode,
        )
    finally:
        call.rule_uses += [(deployment.id, rule, action) for rule, action in work.uses]
    return call.fit


def lowest(*bounds: int | None) -> int | None:
    """Of several bounds, the lowest; None where there is none."""
    return min((bound for bound in bounds if bound), default=None)


_MAX_SAID = 20


def said(call: Call) -> list[str]:
    """What was changed of the request, in the caller's words, as `X-Gatehouse-Adjusted` and the record say it."""
    read = call.places.adjustments if call.places is not None else ()
    fitted = call.fit.adjustments if call.fit is not None else ()
    if not read and not fitted:
        return []
    texts = [str(each) for each in (*read, *fitted)]
    if len(texts) > _MAX_SAID:
        texts[_MAX_SAID:] = [f"more; count={len(texts) - _MAX_SAID}"]
    return texts
