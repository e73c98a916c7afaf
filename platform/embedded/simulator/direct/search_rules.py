"""What Perplexity refuses. Sources: Perplexity API docs, Chat completions; perplexityai/api-discussion#265; anomalyco/opencode#9416."""

from typing import Any

from embedded.simulator.direct.errors import DirectError
from embedded.simulator.direct.models import DirectModel

_MEMBERS = frozenset(
    (
        "model", "messages", "max_tokens", "temperature", "top_p", "top_k", "stream", "stream_mode", "presence_penalty",
        "frequency_penalty", "response_format", "web_search_options", "search_mode", "search_domain_filter",
        "search_recency_filter", "search_after_date_filter", "search_before_date_filter", "last_updated_after_filter",
        "last_updated_before_filter", "return_images", "return_related_questions", "reasoning_effort", "disable_search",
        "enable_search_classifier", "media_response", "language_preference",
    )
)  # fmt: skip


def _refused(message: str, kind: str = "bad_request") -> DirectError:
    return DirectError(400, kind, message)


def check_search(body: dict[str, Any], model: DirectModel) -> None:
    """Raises DirectError for the first thing that is wrong."""
    if unknown := next((name for name in body if name not in _MEMBERS), None):
        raise _refused(f'["At body -> {unknown}: Extra inputs are not permitted"]')
    _check_messages(body.get("messages"))
    asked, most = body.get("max_tokens"), model.model.max_output_tokens
    if asked is not None and (not isinstance(asked, int) or asked < 1 or (most is not None and asked > most)):
        raise _refused('["At body -> max_tokens: Input should be in range"]')
    temperature = body.get("temperature")
    if temperature is not None and not 0 <= temperature < 2:
        raise _refused('["At body -> temperature: Input should be less than 2"]')
    form = body.get("response_format")
    if form is not None:
        schema = (form.get("json_schema") or {}).get("schema") if form.get("type") == "json_schema" else None
        if not isinstance(schema, dict):
            raise _refused('["At body -> response_format: Input should be a valid dictionary"]')
    size = (body.get("web_search_options") or {}).get("search_context_size", "low")
    if size not in ("low", "medium", "high"):
        raise _refused(
            "[\"At body -> web_search_options -> search_context_size: Input should be 'low', 'medium' or 'high'\"]"
        )


def _check_messages(messages: Any) -> None:
    if not isinstance(messages, list) or not messages:
        raise _refused('["At body -> messages: List should have at least 1 item after validation, not 0"]')
    turns = [message.get("role") for message in messages]
    while turns and turns[0] == "system":
        turns.pop(0)
    expected = ["user" if number % 2 == 0 else "assistant" for number in range(len(turns))]
    if turns != expected:
        raise _refused(
            "After the (optional) system message(s), user or tool message(s) should alternate with assistant message(s).",
            "invalid_message",
        )
    if not turns or turns[-1] != "user":
        raise _refused("Last message must have role `user` or `tool`.", "invalid_message")
    for message in messages:
        content = message.get("content")
        parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
        for part in parts:
            if part.get("type") == "text" and isinstance(part.get("text"), str) and part["text"]:
                continue
            if part.get("type") != "image_url" or not str(
                (part.get("image_url") or {}).get("url")
            ).startswith(("data:image/", "https://")):
                raise _refused("Message content must be a text or an image.", "invalid_message")
