"""What the models of a route do not take of a version: its author is told before it is submitted, and can mend it."""

from gateway.catalogue.capability import Capability
from gateway.catalogue.models import Route
from gateway.catalogue.rules import actions_of
from gateway.catalogue.selectors import capability_of
from gateway.conversation import Block, Conversation, Message
from gateway.prompts.conversation import prompt_conversation
from gateway.refusals import Refusal
from gateway.wire.fit.fit import fit
from gateway.wire.fit.work import Work
from prompts.registry.policy.document import Document

_AUTHORS = frozenset(
    {
        "sampling", "stop_sequences", "stop_support", "thinking", "thinking_budget", "fields", "tools", "tool_choice",
        "effort",
    }
)  # fmt: skip
"""Rules whose breach stops a submission; of others a repair leaves what the author means."""
_ANY_TEXT = "x"


class _Collecting(Work):
    """Notes what breaks those rules, and goes on."""

    def __init__(self, conversation: Conversation, capability: Capability) -> None:
        super().__init__(conversation, capability, actions_of(), wire_format="openai")
        self.problems: list[str] = []

    def breaks(
        self, rule: str, where: str, told: str, words: str = "", *, code: str = "invalid_request"
    ) -> bool:
        if rule in _AUTHORS:
            self.problems.append(told if told.startswith("'") else f"{where}: {told}")
        return True


def problems_for_models(document: Document) -> list[str]:
    """In words, each once."""
    routes = Route.objects.filter(name__in=(document.model, *document.fallbacks))
    known = {route.name: route for route in routes.prefetch_related("targets__deployment__model")}
    found = {
        f"There is no route “{name}” to fall back to.": None
        for name in document.fallbacks
        if name not in known
    }
    for name in dict.fromkeys((document.model, *document.fallbacks)):
        if name in known:
            found |= _problems(document, known[name])
    return list(found)


def _problems(document: Document, route: Route) -> dict[str, None]:
    given = Conversation(messages=[Message(role="user", content=[Block(text=_ANY_TEXT)])])
    found: dict[str, None] = {}
    for target in route.targets.all():
        if not target.deployment.is_enabled:
            continue
        model = target.deployment.model
        work = _Collecting(prompt_conversation(document, [], given), capability_of(model))
        try:
            fit(work, default_max_tokens=route.default_max_tokens, most_tokens=1_000_000)
        except Refusal as refusal:
            work.problems.append(refusal.message)
        for problem in work.problems:
            found[f"{model.name}: {problem}"] = None
    return found
