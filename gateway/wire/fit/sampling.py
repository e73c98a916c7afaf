"""PURE: the inference parameters that a model takes."""

from typing import Any

import msgspec

from gateway.conversation import InferenceConfig
from gateway.wire.fit.turns import is_blank
from gateway.wire.fit.work import Work

_MIN_TOP_P_THINKING = 0.95


def set_defaults(work: Work, temperature: float | None, top_p: float | None) -> None:
    """Gives a request that sets neither what route or model say, where the model takes it: not where it takes none, nor where
    it is to reason, when most take none (see `mend_sampling`). Of a model that takes one of them, temperature goes before."""
    config = work.conversation.inference_config or InferenceConfig()
    sampling = work.capability.sampling
    if sampling == "none" or _reasons(work):
        return
    given: dict[str, Any] = {}
    if temperature is not None and config.temperature is None:
        given["temperature"] = temperature
    if top_p is not None and config.top_p is None:
        given["top_p"] = top_p
    if sampling == "one":
        asked = config.temperature is not None or config.top_p is not None
        given = {} if asked else dict(list(given.items())[:1])
    for name, value in given.items():
        work.say(work.member(name), "set", f"{value:g}")
    if given:
        work.change(inference_config=msgspec.structs.replace(config, **given))


def _reasons(work: Work) -> bool:
    """Whether the model reasons, by whatever word it is told to."""
    fields = work.conversation.additional_model_request_fields or {}
    return (
        work.thinks
        or work.capability.thinks_unasked
        or fields.get("reasoning_effort", "none") != "none"
        or "reasoningConfig" in fields
    )


def mend_sampling(work: Work) -> None:
    """Drops sampling values that the model no longer takes, and all that thinking forbids."""
    config = work.conversation.inference_config
    if config is None or (config.temperature is None and config.top_p is None):
        return
    changes: dict[str, Any] = {}
    sampling = work.capability.sampling
    if work.thinks:
        if config.temperature not in (None, 1.0):
            _drop(work, "temperature", changes, "may only be 1 when thinking is enabled")
        if config.top_p is not None and config.top_p < _MIN_TOP_P_THINKING:
            _drop(work, "top_p", changes, "must be at least 0.95 when thinking is enabled")
    if sampling == "none":
        # 1.0 is still taken, and says nothing; top_p is not taken at all.
        if config.temperature not in (None, 1.0) and "temperature" not in changes:
            _drop(work, "temperature", changes, "is deprecated for this model")
        if config.top_p is not None and "top_p" not in changes:
            _drop(work, "top_p", changes, "is deprecated for this model")
    elif sampling == "one" and config.temperature is not None and config.top_p is not None and not changes:
        # Of two, the one that says something is kept.
        name = "temperature" if config.temperature == 1.0 and config.top_p != 1.0 else "top_p"
        _drop(work, name, changes, "and the other of temperature and top_p can't both be given to this model")
    if "temperature" not in changes and config.temperature is not None and config.temperature > 1:
        _cool(work, config.temperature, changes)
    if changes:
        work.change(inference_config=msgspec.structs.replace(config, **changes))


def _cool(work: Work, given: float, changes: dict[str, Any]) -> None:
    """OpenAI's temperatures go up to 2, Converse's to 1, whatever is switched."""
    member = work.member("temperature")
    work.breaks("sampling", member, f"{given} is above 1, the highest temperature. Lower it.")
    work.say(member, "lowered", "1")
    changes["temperature"] = 1.0


def _drop(work: Work, name: str, changes: dict[str, Any], why: str) -> None:
    member = work.member(name)
    words = (
        f"`{name}` is deprecated for this model"
        if "deprecated" in why
        else f"`{name}` may only be set to 1 when thinking is enabled"
        if "thinking" in why
        else "`temperature` and `top_p` cannot both be specified for this model. Please use only one."
    )
    if work.breaks("sampling", member, f"'{name}' {why}. Leave it out.", words):
        work.say(member, "dropped")
        changes[name] = None


def mend_stops(work: Work) -> None:
    """Drops stop sequences of white space alone; refuses any where the model takes none."""
    config = work.conversation.inference_config
    if config is None or not config.stop_sequences:
        return
    member = work.member("stop")
    kept: list[str] = []
    for number, text in enumerate(config.stop_sequences):
        where = f"{member}[{number}]"
        if is_blank(text) and work.breaks(
            "stop_sequences",
            where,
            "a stop sequence must have more than white space.",
            "stop_sequences: each stop sequence must contain non-whitespace",
        ):
            work.say(where, "dropped")
        else:
            kept.append(text)
    if kept and not work.capability.supports_stop_sequences:
        work.breaks(
            "stop_support",
            member,
            f"the model {work.capability.model_id} takes no stop sequences. Leave '{member}' out.",
            "This model doesn't support the stopSequences field. Remove stopSequences and try again.",
        )
    if len(kept) < len(config.stop_sequences):
        work.change(inference_config=msgspec.structs.replace(config, stop_sequences=kept or None))


_UNKNOWN_LIMIT = 4096
"""Tokens that an answer is bound by where nothing says what the model can give: nearly all can give as many."""


def mend_max_tokens(work: Work, *, default: int | None, most: int | None) -> None:
    """Sets the bound of the answer where the caller sets none, and lowers it to what may be asked for.

    `most` is what the route allows; without a default, as much is asked for as the model can give. Bedrock wants less
    than the model's limit, not the limit itself.
    """
    config = work.conversation.inference_config or InferenceConfig()
    limit = work.capability.max_output_tokens
    bounds = [bound for bound in (most, max(limit - 1, 1) if limit else None) if bound]
    lowest = min(bounds, default=0)
    asked = config.max_tokens
    if asked is None:
        wanted = default + _budget(work) if default else lowest or _UNKNOWN_LIMIT + _budget(work)
        work.change(inference_config=msgspec.structs.replace(config, max_tokens=min([wanted, *bounds])))
        return
    if not lowest or asked <= lowest:
        return
    member = work.member("max_tokens")
    if work.breaks(
        "max_tokens",
        member,
        f"{asked} is more than the {lowest} tokens of output that can be asked for. Ask for less.",
        f"The maximum tokens you requested exceeds the model limit of {lowest + 1}. Try again with a maximum tokens value "
        f"that is lower than {lowest + 1}.",
        code="max_tokens_exceeded",
    ):
        most = lowest
    if most and asked > most:  # which holds whatever is switched: it is the route's, not Bedrock's
        work.say(member, "lowered", str(most))
        work.change(inference_config=msgspec.structs.replace(config, max_tokens=most))


def _budget(work: Work) -> int:
    """Tokens to think with, which count as output: without room for an answer beside them, there is none."""
    budget = work.thinking.get("budget_tokens")
    return budget if isinstance(budget, int) else 0
