"""The errors Bedrock answers with, in AWS's own words."""

from typing import Any

# Bedrock itself adds its namespace to the error type; the signature check in front of it doesn't.
CORAL = ":http://internal.amazon.com/coral/com.amazon.bedrock/"


class AwsError(Exception):
    """An error answer: AWS's code, its HTTP status and its message."""

    def __init__(
        self,
        code: str,
        status: int,
        message: str,
        *,
        namespace: str = CORAL,
        fields: dict[str, Any] | None = None,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.status = status
        self.message = message
        self.error_type = code + namespace
        self.fields = fields or {}  # beside the message
        self.headers = headers


def denied(code: str, message: str) -> AwsError:
    """A 403 of the signature check."""
    return AwsError(code, 403, message, namespace="")


def invalid(message: str) -> AwsError:
    """A 400 ValidationException."""
    return AwsError("ValidationException", 400, message)


def constraint(value: object, path: str, rule: str) -> AwsError:
    """A 400 ValidationException about one member, worded as the service's model validation words it."""
    return invalid(
        f"1 validation error detected: Value '{value}' at '{path}' failed to satisfy constraint: Member must {rule}"
    )


def unreadable(message: str) -> AwsError:
    """A 400 SerializationException: the body isn't the JSON that was expected."""
    return AwsError("SerializationException", 400, message)


def unknown_operation() -> AwsError:
    """A 404: no operation at this path."""
    return AwsError(
        "UnknownOperationException", 404, "The requested operation is not recognized by the service."
    )


def model_not_found() -> AwsError:
    """A 400: Bedrock doesn't know the model, or not in this region."""
    return invalid("The provided model identifier is invalid.")


def not_on_demand(model_id: str) -> AwsError:
    """A 400: only inference profiles reach the model."""
    return invalid(
        f"Invocation of model ID {model_id} with on-demand throughput isn’t supported. Retry your request with the ID or "  # noqa: RUF001 - AWS's own apostrophe
        "ARN of an inference profile that contains this model."
    )


def not_counted() -> AwsError:
    """A 400: CountTokens doesn't take the id."""
    return invalid("The provided model doesn't support counting tokens.")


def end_of_life() -> AwsError:
    """A 404: the model is retired."""
    return AwsError(
        "ResourceNotFoundException",
        404,
        "This model version has reached the end of its life. Please refer to the AWS documentation for more details.",
    )


def throttled(retry_after_ms: int | None = None) -> AwsError:
    """A 429, which SDKs retry; with how long to wait, where that is told."""
    message = "Too many requests, please wait before trying again."
    return AwsError("ThrottlingException", 429, message, headers=waits(429, retry_after_ms))


def waits(status: int, retry_after_ms: int | None) -> tuple[tuple[bytes, bytes], ...]:
    """The header that says how long to wait, of an answer with 429."""
    if status != 429 or retry_after_ms is None:
        return ()
    return ((b"x-amz-retry-after", str(retry_after_ms).encode()),)


def unavailable() -> AwsError:
    """A 503: the region is out."""
    return AwsError("ServiceUnavailableException", 503, "Bedrock is unable to process your request.")


def request_too_large(limit: int) -> AwsError:
    """A 413: the body is over the limit, in bytes."""
    return AwsError(
        "RequestEntityTooLargeException", 413, f"Request size exceeds the limit of {limit} bytes."
    )
