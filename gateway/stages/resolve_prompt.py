from collections.abc import Awaitable

import psycopg

from gateway.call import Call
from gateway.call.prompt_run import PromptRequest, PromptRun
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.snapshot.prompts import PromptEntry, VersionEntry
from kernel.postgres_pool import PostgresAwayError
from prompts.registry.policy.privacy import rules_of
from prompts.registry.policy.variables import VariableError
from prompts.rollout.policy.assignment import Caller, Choice, choose

DEFAULT_LABEL = "production"


def resolve_prompt(call: Call, gateway: Gateway) -> Awaitable[None] | None:
    """Finds the version that a call of a prompt runs, and checks its variables.

    The version is looked up once: a label that moves meanwhile changes nothing. Refusals: prompt_not_found,
    model_not_allowed, invalid_request.
    """
    request = call.request.prompt
    assert request is not None
    entry = _entry(call, gateway, request)
    if not entry.is_enabled:
        call.prompt = _run(entry, None, request, label=request.label)
        call.fixed_answer = _fallback(entry, request)
        call.prompt.is_fallback = True
        return None
    if request.model and not call.key.is_internal:
        raise Refusal(
            "model_not_allowed",
            "The model of a prompt is chosen in its versions. Leave 'model' out.",
            param="model",
        )
    label = "" if request.version is not None else request.label or DEFAULT_LABEL
    choice = _choice(call, gateway, entry, request, label)
    number = request.version if request.version is not None else _number(entry, label, choice)
    version = entry.versions.get(number)
    if version is None:
        return _read(call, gateway, entry, request, label, choice, number)
    _take(call, entry, version, request, label, choice)
    return None


async def _read(
    call: Call,
    gateway: Gateway,
    entry: PromptEntry,
    request: PromptRequest,
    label: str,
    choice: Choice | None,
    number: int,
) -> None:
    internal = call.key.is_internal
    try:
        version = await gateway.prompt_versions.get(entry.id, number, any_state=internal)
    except (psycopg.Error, PostgresAwayError, TimeoutError) as error:
        raise Refusal(
            "overloaded", "The version can't be read at the moment. Please try again.", retry_after=2
        ) from error
    if version is None:
        raise Refusal(
            "prompt_not_found", f"The prompt '{entry.name}' has no version {number}.", param="version"
        )
    _take(call, entry, version, request, label, choice)


def _entry(call: Call, gateway: Gateway, request: PromptRequest) -> PromptEntry:
    """The team's own prompt of this name, else the shared one."""
    team_id, prompts = call.key.team.id, gateway.snapshot.prompts
    both = [prompts.get((team_id, request.name)), prompts.get((None, request.name))]
    if request.prompt_id is not None and call.key.is_internal:
        both = [each for each in both if each is not None and each.id == request.prompt_id]
    entry = next((each for each in both if each is not None), None)
    if entry is None:
        names = sorted({name for team, name in prompts if team in (team_id, None)})
        hint = f"Known prompts: {', '.join(names[:10])}." if names else "Your team has none yet."
        raise Refusal("prompt_not_found", f"There is no prompt '{request.name[:100]}'. {hint}", param="model")
    return entry


def _choice(
    call: Call, gateway: Gateway, entry: PromptEntry, request: PromptRequest, label: str
) -> Choice | None:
    """What an experiment or a rollout behind the label gives this caller."""
    delivery = entry.delivery.get(label) if label else None
    if delivery is None:
        return None
    caller = Caller(
        team_id=call.key.team.id,
        application_id=call.key.application_id,
        end_user=call.request.end_user,
        session=request.session,
        attributes=request.attributes,
    )
    return choose(delivery, caller, gateway.random)


def _number(entry: PromptEntry, label: str, choice: Choice | None) -> int:
    if choice is not None:
        return choice.version
    if label not in entry.labels:
        known = ", ".join(sorted(entry.labels))
        hint = (
            f"Its labels: {known}."
            if known
            else "It has no labels yet: an approved version gets one in the admin."
        )
        raise Refusal(
            "prompt_not_found",
            f"The prompt '{entry.name}' has no label '{label[:50]}'. {hint}",
            param="label",
        )
    return entry.labels[label]


def _take(
    call: Call,
    entry: PromptEntry,
    version: VersionEntry,
    request: PromptRequest,
    label: str,
    choice: Choice | None,
) -> None:
    if not (version.is_approved or label or call.key.is_internal):
        raise Refusal(
            "prompt_not_found",
            f"Version {version.number} of the prompt '{entry.name}' is not approved, so applications can't call it.",
            param="version",
        )
    call.prompt = run = _run(entry, version, request, label=label, choice=choice)
    if version.compiled is None:
        raise Refusal(
            "invalid_request",
            f"Version {version.number} of the prompt '{entry.name}' can't be run: {version.problem}",
        )
    try:
        run.values = version.compiled.variables.filled(request.variables)
    except VariableError as error:
        raise Refusal("invalid_request", str(error), param=f"variables.{error.name}") from error
    document = version.compiled.document
    run.model = request.model or run.model or document.model
    call.prompt_rules = rules_of(
        call.key.rules, document.privacy, owner=f"Prompt {entry.name}", number=version.number
    )


def _run(
    entry: PromptEntry,
    version: VersionEntry | None,
    request: PromptRequest,
    *,
    label: str,
    choice: Choice | None = None,
) -> PromptRun:
    return PromptRun(
        prompt=entry,
        version=version,
        label=label,
        model=choice.model if choice else "",
        values={},
        choice=choice,
    )


def _fallback(entry: PromptEntry, request: PromptRequest) -> str:
    """What a prompt answers that is switched off: it keeps the output contract of the version that would have run."""
    number = request.version or entry.labels.get(request.label or DEFAULT_LABEL)
    version = entry.versions.get(number) if number is not None else None
    contract = version.compiled.contract if version is not None and version.compiled is not None else None
    if contract is not None:
        kept = contract.fixed(entry.fallback)
        if kept is None:
            raise Refusal(
                "contract_failed",
                f"The prompt '{entry.name}' is switched off, and its fallback answer does not keep its output contract.",
            )
        return kept
    if not entry.fallback:
        raise Refusal(
            "prompt_not_found", f"The prompt '{entry.name}' is switched off, and has no fallback answer."
        )
    return entry.fallback
