"""Whether an account with a provider works: its list of models is asked for, which costs nothing."""

from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from gateway.catalogue.base_urls import is_allowed_address, problem_of
from gateway.catalogue.models import ProviderAccount, ProviderKind
from gateway.catalogue.services.account_keys import key_of
from kernel.clock import perf_counter
from kernel.errors import UnavailableError
from kernel.http_client import HttpClient, Reply
from kernel.lookup import addresses_of

SECONDS = 10.0
"""For all of it, from looking the host up to the end of the answer."""
_MAX_BYTES = 4 * 1024 * 1024
_USUAL = {
    ProviderKind.OPENAI: "https://api.openai.com/v1",
    ProviderKind.ANTHROPIC: "https://api.anthropic.com",
    ProviderKind.PERPLEXITY: "https://api.perplexity.ai",
}
"""As in gateway/providers, which a test compares."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it, in a sentence."""

    works: bool
    told: str


def try_account(account: ProviderAccount) -> Tried:
    """Asks the provider, within a deadline. Blocks. Never raises for what is wrong with the account or its provider."""
    key = key_of(account)
    if not key:
        return Tried(False, "Its key can't be opened. Enter it anew.")
    base = account.base_url.rstrip("/") or _USUAL[ProviderKind(account.provider)]
    if why := problem_of(base, allow_private=settings.GATEWAY_PROVIDERS_ALLOW_PRIVATE):
        return Tried(False, why)
    try:
        reply = _asked(account, base, key)
    except UnavailableError as error:
        return Tried(False, f"{urlsplit(base).hostname} can't be reached: {error}")
    return _told(account, reply)


def _asked(account: ProviderAccount, base: str, key: str) -> Reply:
    parts = urlsplit(base)
    host, scheme = parts.hostname or "", parts.scheme
    port = parts.port or (443 if scheme == "https" else 80)
    end = perf_counter() + SECONDS
    try:
        found = addresses_of(host, port, seconds=SECONDS)
    except OSError as error:
        raise UnavailableError("its name is not known, or its name server does not answer.") from error
    if not settings.GATEWAY_PROVIDERS_ALLOW_PRIVATE and not all(map(is_allowed_address, found)):
        raise UnavailableError("it is not on the internet. GATEHOUSE_PROVIDERS_ALLOW_PRIVATE would allow it.")
    with closing(HttpClient(scheme, host, port, address=found[0])) as client:
        seconds = max(0.1, end - perf_counter())
        headers = {"Accept": "application/json", "User-Agent": "Gatehouse", **_shown(account, key)}
        if account.provider == ProviderKind.PERPLEXITY:
            # It has no list of models. A request of nothing is refused before it costs anything: by 401 where the key is wrong.
            headers["Content-Type"] = "application/json"
            path = f"{parts.path}/chat/completions"
            return client.post(path, b"{}", headers, seconds=seconds, max_bytes=_MAX_BYTES)
        path = "/v1/models" if account.provider == ProviderKind.ANTHROPIC else "/models"
        return client.get(parts.path + path, headers, seconds=seconds, max_bytes=_MAX_BYTES)


def _shown(account: ProviderAccount, key: str) -> dict[str, str]:
    if account.provider == ProviderKind.ANTHROPIC:
        return {"x-api-key": key, "anthropic-version": "2023-06-01"}
    headers = {"Authorization": f"Bearer {key}"}
    return headers | ({"OpenAI-Organization": account.organisation} if account.organisation else {})


def _told(account: ProviderAccount, reply: Reply) -> Tried:
    status = reply.status
    if status in (401, 403):
        return Tried(False, f"The provider does not accept the key (status {status}).")
    if status == 429:
        return Tried(True, "The key is accepted; the provider is throttling just now.")
    is_asked = account.provider == ProviderKind.PERPLEXITY and status in (400, 422)
    if 200 <= status < 300 or is_asked:
        return Tried(True, "The provider accepts the key.")
    if account.provider == ProviderKind.COMPATIBLE and status in (404, 405):
        return Tried(
            True,
            "The address answers, and has no list of models: whether it accepts the key shows with the first call.",
        )
    return Tried(False, f"The provider answered with status {status}.")
