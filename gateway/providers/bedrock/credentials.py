"""AWS credentials, by botocore's chain: environment, profile, container, instance role, web identity."""

import asyncio
import os
from typing import Any

import botocore.session
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import BotoCoreError

from gateway.providers.bedrock.signature import Credentials
from gateway.refusals import Refusal


class CredentialSource:
    """Finds credentials once and keeps them fresh; what blocks runs in a thread."""

    def __init__(self) -> None:
        self._source: Any = None
        self._current: Credentials | None = None
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

    def _is_stale(self) -> bool:
        return isinstance(self._source, RefreshableCredentials) and self._source.refresh_needed()

    def _load(self) -> Credentials:
        try:
            if self._source is None:
                self._source = botocore.session.get_session().get_credentials()
            if self._source is None:
                raise Refusal(
                    "upstream_error", "Gatehouse has no AWS credentials. Its operator must configure them."
                )
            frozen = self._source.get_frozen_credentials()
        except BotoCoreError as error:
            raise Refusal("upstream_error", "Gatehouse could not refresh its AWS credentials.") from error
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token)
