"""The errors that these providers answer with, in their own shapes and words."""

from typing import Any

import orjson


class DirectError(Exception):
    """An error answer. `kind` is its type, `code` what OpenAI has beside it."""

    def __init__(
        self,
        status: int,
        kind: str,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        fields: dict[str, Any] | None = None,
        retry_after: str = "",
    ) -> None:
        super().__init__(f"{kind}: {message}")
        self.status, self.kind, self.message = status, kind, message
        self.code, self.param, self.retry_after = code, param, retry_after
        self.fields = fields or {}

    def body(self, provider: str) -> bytes:
        """As the provider words it. Sources: OpenAI API docs, "Error codes"; Anthropic API docs, "Errors"."""
        if provider == "anthropic":
            inner = {"type": self.kind, "message": self.message, **self.fields}
            return orjson.dumps({"type": "error", "error": inner, "request_id": "req_simulated"})
        if provider == "perplexity":
            inner = {"message": self.message, "type": self.kind, "code": self.status, **self.fields}
            return orjson.dumps({"error": inner})
        inner = {
            "message": self.message,
            "type": self.kind,
            "param": self.param,
            "code": self.code,
            **self.fields,
        }
        return orjson.dumps({"error": inner})


def invalid(message: str, *, param: str | None = None, code: str | None = None) -> DirectError:
    """A 400."""
    return DirectError(400, "invalid_request_error", message, param=param, code=code)


def unknown_parameter(name: str) -> DirectError:
    """A 400 of OpenAI's for a member that it does not know."""
    return invalid(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")


def unsupported(name: str, more: str = "") -> DirectError:
    """A 400 of OpenAI's for a member that the model does not take."""
    text = f"Unsupported parameter: '{name}' is not supported with this model.{more}"
    return invalid(text, param=name, code="unsupported_parameter")


_KEY_REFUSED = {
    "openai": DirectError(
        401, "invalid_request_error", "Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.",
        code="invalid_api_key",
    ),
    "anthropic": DirectError(401, "authentication_error", "invalid x-api-key"),
    "perplexity": DirectError(401, "authorization_error", "Invalid API key provided."),
}  # fmt: skip
_OUT = {
    "openai": DirectError(503, "server_error", "The server is currently overloaded with other requests. Sorry about that!"),
    "anthropic": DirectError(529, "overloaded_error", "Overloaded"),
    "perplexity": DirectError(503, "internal_server_error", "Service unavailable."),
}  # fmt: skip


def key_refused(provider: str) -> DirectError:
    return _KEY_REFUSED[provider]


def out(provider: str) -> DirectError:
    return _OUT[provider]


def throttled(provider: str, retry_after_ms: int | None) -> DirectError:
    """A 429, with how long to wait where that is told."""
    wait = "" if retry_after_ms is None else str(-(-retry_after_ms // 1000))
    if provider == "openai":
        return DirectError(
            429, "requests", "Rate limit reached for requests.", code="rate_limit_exceeded", retry_after=wait
        )
    kind = "rate_limit_error" if provider == "anthropic" else "rate_limit_exceeded"
    return DirectError(429, kind, "This request would exceed your rate limit.", retry_after=wait)


def no_model(provider: str, name: str) -> DirectError:
    """A model that the provider does not have."""
    if provider == "anthropic":
        return DirectError(404, "not_found_error", f"model: {name}")
    if provider == "perplexity":
        return DirectError(
            400,
            "invalid_model",
            f"Invalid model '{name}'. Permitted models can be found in the documentation.",
        )
    text = f"The model `{name}` does not exist or you do not have access to it."
    return DirectError(404, "invalid_request_error", text, code="model_not_found")
