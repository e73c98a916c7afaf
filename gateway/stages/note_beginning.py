from gateway.call import Call
from gateway.runtime import Gateway
from kernel.clock import perf_counter


def note_beginning(call: Call, gateway: Gateway) -> None:
    """Looks whether what the prompt begins with differs from call to call, so that a provider's cache has nothing of it; where it
    does, that is counted, and told on a page.

    Looked at where it matters: the model has a prompt cache, and tools and system prompt are long enough for it.
    """
    if not (call.reply.has_usage and call.sent.prefix_digest and call.is_authenticated):
        return
    deployment = call.deployment
    least = deployment.capability.cache_min_tokens
    if not deployment.supports_prompt_cache or call.sent.prefix_tokens < least:
        return
    route = call.routed.route.name
    found = gateway.beginnings.look(
        call.key.application_id,
        route,
        call.sent_conversation,
        digest=call.sent.prefix_digest,
        key=call.key.team.placeholder_key,
        least_tokens=least,
        now=perf_counter(),
    )
    if found is not None:
        gateway.metrics.volatile_beginnings[route] += 1
        gateway.beginning_use.note(call.key.team.id, call.key.application_id, route, found)
