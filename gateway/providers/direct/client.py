"""HTTP to providers beside Bedrock: the key shown, the address looked at, every fault told as a refusal."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.providers.direct.errors import Told, refusal_of, told_by, wait_of
from gateway.providers.direct.hosts import Hosts
from gateway.providers.direct.vendor import Vendor
from gateway.providers.provider import Attempt
from gateway.providers.transport import BrokenError, Transport, UnreachableError, UpstreamAnswer, words_of
from gateway.refusals import Refusal
from kernel.clock import utc_now

JSON = "application/json"
EVENT_STREAM = "text/event-stream"
_MAX_REQUEST_ID = 100
_STATUS = re.compile(r"[45]\d\d")


class DirectClient:
    """Of one provider; its connections are shared with all others."""

    def __init__(self, vendor: Vendor, *, transport: Transport, hosts: Hosts) -> None:
        self.vendor = vendor
        self._transport = transport
        self._hosts = hosts

    @asynccontextmanager
    async def post(
        self, attempt: Attempt, path: str, body: bytes, *, accept: str, headers: dict[str, str] | None = None
    ) -> AsyncIterator[UpstreamAnswer]:
        """The answer, where it is 200. Raises Refusal, for what goes wrong while it is read, too."""
        account = attempt.account
        assert account is not None
        if not account.key:
            raise self.refusal(
                attempt, Told(frozenset(), "no_key", "The key of this account can't be opened."), status=401
            )
        base = account.base_url.rstrip("/") or self.vendor.base_url
        await self._hosts.check(base)
        sent = {"content-type": JSON, "accept": accept, **self.vendor.headers(attempt), **(headers or {})}
        try:
            async with self._transport.post(
                base + path, headers=sent, body=body, timeout_seconds=attempt.timeout_seconds
            ) as answer:
                attempt.request_id = answer.header(self.vendor.request_id_header)[:_MAX_REQUEST_ID]
                attempt.headroom = self.vendor.headroom(answer.header)
                if answer.status != 200:
                    content = await words_of(answer)
                    if answer.status < 300:  # it took the request
                        raise self.unreadable()
                    wait = wait_of(answer.header, now=utc_now())
                    raise self.refusal(attempt, told_by(content), status=answer.status, retry_after=wait)
                yield answer
        except TimeoutError as error:
            raise Refusal(
                "upstream_timeout",
                f"{self.vendor.title} did not answer within {round(attempt.timeout_seconds, 1):g} seconds.",
                may_be_billed=True,
            ) from error
        except UnreachableError as error:
            raise Refusal("upstream_error", f"{self.vendor.title} can't be reached.") from error
        except BrokenError as error:
            raise self.cut() from error

    def refusal(
        self, attempt: Attempt, told: Told, *, status: int, retry_after: int | None = None
    ) -> Refusal:
        """The refusal for an error of the provider's: of an answer with status 200, by the status that it names, if it does."""
        if status == 200:
            status = next((int(each) for each in told.kinds if _STATUS.fullmatch(each)), status)
        return refusal_of(
            told,
            status=status,
            title=self.vendor.title,
            rules=self.vendor.rules,
            retry_after=retry_after,
            secret=attempt.account.key if attempt.account is not None else "",
        )

    def cut(self) -> Refusal:
        """Of an answer without its end."""
        return Refusal(
            "upstream_error",
            f"The connection to {self.vendor.title} broke before the answer ended.",
            may_be_billed=True,
        )

    def unreadable(self) -> Refusal:
        """Of an answer that is none."""
        return Refusal(
            "upstream_error", f"{self.vendor.title} sent an answer that can't be read.", may_be_billed=True
        )


def is_document(begin: bytes) -> bool:
    """Whether an answer that was asked for as a stream comes whole, by its beginning: servers that say to be compatible may do that,
    and tell an error so with status 200 (openrouter.ai/docs/errors)."""
    return begin.lstrip().startswith((b"{", b"["))
