"""AWS KMS, which encrypts teams' keys under a key that never leaves it."""

import threading
from contextlib import suppress
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from gateway.providers.bedrock.boto_time import timed_client
from governance.records.services.key_wrappers import KeyUnavailableError, WrappedKey

_CONTEXT = "gatehouse:team"
_CONFIG = Config(connect_timeout=3, read_timeout=3, retries={"total_max_attempts": 2})


class KmsKeyWrapper:
    """A client for each region. KMS itself checks that a key is decrypted for the team it was encrypted for."""

    def __init__(self) -> None:
        self._clients: dict[str | None, Any] = {}
        self._lock = threading.Lock()

    def warm_up(self) -> None:
        """Makes the client for new keys, which takes a second or more: a call's answer would wait for it."""
        with suppress(BotoCoreError):  # told when it is used
            self._client(_region(settings.KMS_KEY_ID))

    def wrap(self, key: bytes, *, team: str) -> WrappedKey:
        answer = self._ask(
            "encrypt", KeyId=settings.KMS_KEY_ID, Plaintext=key, EncryptionContext={_CONTEXT: team}
        )
        return WrappedKey(provider="kms", kms_key_id=answer["KeyId"], data=answer["CiphertextBlob"])

    def unwrap(self, wrapped: WrappedKey, *, team: str) -> bytes:
        answer = self._ask(
            "decrypt",
            KeyId=wrapped.kms_key_id,
            CiphertextBlob=wrapped.data,
            EncryptionContext={_CONTEXT: team},
        )
        return bytes(answer["Plaintext"])

    def _ask(self, operation: str, **arguments: Any) -> Any:
        try:
            return getattr(self._client(_region(arguments["KeyId"])), operation)(**arguments)
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "an error")
            raise KeyUnavailableError(
                f"AWS KMS answered {code}. Check GATEHOUSE_KMS_KEY_ID and what its policy allows."
            ) from error
        except BotoCoreError as error:
            raise KeyUnavailableError(f"AWS KMS can't be reached ({type(error).__name__}).") from error

    def _client(self, region: str | None) -> Any:
        with self._lock:  # making a client is not safe in two threads at once; using one is
            if region not in self._clients:
                self._clients[region] = timed_client("kms", region_name=region, config=_CONFIG)
            return self._clients[region]


def _region(key_id: str) -> str | None:
    """The region of a key, where its ARN names one; else AWS's own variables decide."""
    parts = key_id.split(":")
    return parts[3] if len(parts) > 5 and parts[0] == "arn" else None


kms = KmsKeyWrapper()
