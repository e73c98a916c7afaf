"""Where providers may be: on the internet alone, unless GATEHOUSE_PROVIDERS_ALLOW_PRIVATE lets them be in the own network."""

import asyncio
import socket
from collections import OrderedDict
from urllib.parse import urlsplit

from gateway.catalogue.base_urls import is_allowed_address, problem_of
from gateway.refusals import Refusal
from kernel.clock import perf_counter

_KEPT_SECONDS = 60.0
_SECONDS = 5.0
_MAX_KEPT = 100


class Hosts:
    """Looks hosts up before they are asked, and remembers for a minute what it found: a name that leads into the own network
    is refused though an admin typed it in.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._until: OrderedDict[str, float] = OrderedDict()

    async def check(self, base_url: str) -> None:
        """Refusal upstream_error, for administrators to mend, where the address may not be asked."""
        if self._until.get(base_url, 0.0) > perf_counter():
            return
        why = problem_of(base_url, allow_private=self._allow_private) or await self._problem_of_host(base_url)
        if why:
            raise Refusal(
                "upstream_error",
                "The address of the model's provider may not be asked. Only an administrator of Gatehouse can mend that.",
                may_retry=False,
                for_admins="its address may not be asked",
                detail=why,
            )
        self._until[base_url] = perf_counter() + _KEPT_SECONDS
        while len(self._until) > _MAX_KEPT:
            self._until.popitem(last=False)

    async def _problem_of_host(self, base_url: str) -> str:
        """What is wrong with where the host is; one that is not known can't be reached, which is told as such later on."""
        if self._allow_private:
            return ""
        parts = urlsplit(base_url)
        host, port = parts.hostname or "", parts.port or 443
        try:
            async with asyncio.timeout(_SECONDS):
                found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError, TimeoutError) as error:
            raise Refusal("upstream_error", "The host of the model's provider is not known.") from error
        if not all(is_allowed_address(str(entry[4][0])) for entry in found):
            return f"{host} is not on the internet. GATEHOUSE_PROVIDERS_ALLOW_PRIVATE would allow it."
        return ""
