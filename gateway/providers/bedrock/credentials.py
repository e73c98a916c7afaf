"""AWS credentials, by botocore's chain: environment, profile, container, instance role, web identity."""

import asyncio
import os
from collections.abc import Callable
from typing import Any

from gateway.providers.bedrock.signature import Credentials
from gateway.refusals import Refusal


class CredentialSource:
    """Finds credentials once and keeps them fresh; what blocks runs in a thread."""

    def __init__(self) -> None:
        self._source: Any = None
        self._current: Credentials | None = None
        self._is_stale: Callable[[], bool] = lambda: False
        self._lock = asyncio.Lock()
        self.bearer_token = os.environ.get("AWS_BEARER_TOKEN_BEDROCK", "")

    async def get(self) -> Credentials:
        """Credentials that are valid now. Refusal upstream_error when there are none."""
        if self._current is not None and not self._is_stale():
            return self._current
        async with self._lock:
            if self._current is None or self._is_stale():
                self._current = await asyncio.to_thread(self._load)
        return self._current

    def warm_up(self) -> None:
        """Loads botocore, which takes a while; whether there are credentials shows when they are asked for."""
        import gateway.providers.bedrock.boto_time  # noqa: F401

    def _load(self) -> Credentials:
        import botocore.session
        from botocore.credentials import RefreshableCredentials
        from botocore.exceptions import BotoCoreError

        from gateway.providers.bedrock.boto_time import keep_fresh

        try:
            if self._source is None:
                self._source = botocore.session.get_session().get_credentials()
                keep_fresh(self._source)
                if isinstance(self._source, RefreshableCredentials):
                    self._is_stale = self._source.refresh_needed
            if self._source is None:
                raise _without("Gatehouse has no AWS credentials. Its operator must configure them.")
            frozen = self._source.get_frozen_credentials()
        except BotoCoreError as error:
            raise _without("Gatehouse could not refresh its AWS credentials.") from error
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token)


def _without(message: str) -> Refusal:
    """A call that no credentials sign: only administrators can mend that."""
    why = "Gatehouse has no valid AWS credentials"
    return Refusal("upstream_error", message, may_retry=False, for_admins=why, detail=message)
