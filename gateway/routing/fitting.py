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


_UNKNOWN_BETA = "invalid beta flag"
NATIVE, BETAS = "structured output", "betas"


class RefusedFeatures:
    """What deployments refused at run time although the catalogue has it: for a while they are asked without."""

    def __init__(self) -> None:
        self._until: dict[tuple[int, str], float] = {}

    def note(self, deployment_id: int, fitted: Fit, refusal: Refusal) -> bool:
        """Remembers what a deployment refused, if it was asked for that; whether it may be asked without."""
        if fitted.output_mode == "native" and any(words in refusal.message for words in _EXTRA_FORMAT):
            feature = NATIVE
        elif _UNKNOWN_BETA in refusal.message and _asks_betas(fitted):
            feature = BETAS
        else:
            return False
        self._until[deployment_id, feature] = perf_counter() + _REMEMBERED_SECONDS
        return True

    def has(self, deployment_id: int, feature: str) -> bool:
        """Whether a deployment has refused it lately."""
        return self._until.get((deployment_id, feature), 0.0) > perf_counter()

    def __bool__(self) -> bool:
        return bool(self._until)


def _asks_betas(fitted: Fit) -> bool:
    return "anthropic_beta" in (fitted.conversation.additional_model_request_fields or {})


def fit_for(
    call: Call, deployment: DeploymentEntry, refused: RefusedFeatures, *, most_tokens: int | None
) -> Fit:
    """The request as this deployment takes it; kept on the call. Refusal invalid_request in the caller's own words."""
    avoids = no_betas = False
    if refused:
        avoids, no_betas = refused.has(deployment.id, NATIVE), refused.has(deployment.id, BETAS)
    known = call.fit
    if (
        known is not None
        and (known.capability is deployment.capability or known.capability == deployment.capability)
        and known.actions is deployment.actions
        and known.defaults == deployment.defaults
        and not (avoids and known.output_mode == "native")
        and not (no_betas and _asks_betas(known))
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
            avoid_betas=no_betas,
            output_mode=mode,
            places_cache_points=route.prompt_cache == "auto",
            defaults=deployment.defaults,
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
