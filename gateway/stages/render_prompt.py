from gateway.call import Call
from gateway.prompt_conversation import check_given, conversation_of, hold_to
from gateway.refusals import Refusal
from gateway.runtime import Gateway
from gateway.snapshot.state import DeploymentEntry
from kernel.clock import perf_counter
from prompts.policy.document import Output
from prompts.policy.rendering import Compiled
from prompts.policy.template_meter import RenderError


def render_prompt(call: Call, gateway: Gateway) -> None:
    """Puts the prompt's messages, filled in, in the place of what the caller sent. Refusal invalid_request."""
    run = call.prompt
    assert run is not None
    assert run.version is not None
    compiled = run.version.compiled
    assert compiled is not None
    document = compiled.document
    check_given(call.conversation, document)
    try:
        turns = compiled.render(run.values, clock=perf_counter)
    except RenderError as error:
        raise Refusal(
            "invalid_request",
            f"The prompt '{run.prompt.name}' (version {run.version.number}) can't be rendered: {error}",
        ) from error
    call.conversation = conversation_of(
        document, turns, call.conversation, cached_turns=compiled.cached_turns if _caches(call) else 0
    )
    call.body_bytes = max(call.body_bytes, sum(len(turn.text) for turn in turns))
    if compiled.contract is not None:
        _hold(call, compiled)


def _caches(call: Call) -> bool:
    return all(deployment.supports_prompt_cache for deployment in call.deployments)


def _hold(call: Call, compiled: Compiled) -> None:
    assert compiled.contract is not None
    assert compiled.document.output.schema is not None
    hold_to(
        call.conversation,
        mode=_mode(compiled.document.output, call.deployments, has_tools=bool(compiled.document.tools)),
        schema=compiled.document.output.schema,
        schema_text=compiled.contract.schema_text,
        instruction=compiled.contract.instruction,
    )


def _mode(output: Output, deployments: tuple[DeploymentEntry, ...], *, has_tools: bool) -> str:
    """How all the deployments that may answer can be held to a schema."""
    wanted = output.mode
    if wanted in ("auto", "native") and all(each.supports_structured_output for each in deployments):
        return "native"
    is_object = (output.schema or {}).get("type") == "object"
    if wanted != "text" and is_object and not has_tools and all(each.supports_tools for each in deployments):
        return "tool"
    return "text"
