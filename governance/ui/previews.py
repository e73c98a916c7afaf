"""Texts that people send to try something out on them. Nothing of them is kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any

from django.db import connection, transaction
from rest_framework import serializers
from rest_framework.exceptions import Throttled
from rest_framework.request import Request

from accounts.models import ApiKey
from governance.ui.key_limits import seconds_to_wait

MAX_TEXTS = 1000
MAX_CHARACTERS = 100_000


class TextField(serializers.CharField):
    """Any text, as it is: offsets are counted in it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, allow_blank=True, **kwargs)

    def run_validators(self, value: Any) -> None:
        """NUL is a character like others here: nothing of a text is stored."""


class PreviewSerializer(serializers.Serializer[Any]):
    """One text, or several."""

    text = TextField(required=False)
    texts = serializers.ListField(child=TextField(), required=False, max_length=MAX_TEXTS)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("text" in attrs) == ("texts" in attrs):
            raise serializers.ValidationError("Send either `text` or `texts`.")
        texts = attrs.get("texts", [attrs.get("text", "")])
        if sum(map(len, texts)) > MAX_CHARACTERS:
            raise serializers.ValidationError(
                f"Send {MAX_CHARACTERS:,} characters at most, and the rest after them."
            )
        return attrs


@contextmanager
def one_at_a_time(request: Request) -> Iterator[None]:
    """Lets a key or a person try one text after the other, in all processes together. Raises Throttled while one is tried, and
    where a key's limits of requests have no room.

    The lock is of a transaction, so that it holds behind a pooler, and ends with whoever holds it.
    """
    if isinstance(request.auth, ApiKey) and (wait := seconds_to_wait(request.auth)):
        raise Throttled(wait=wait, detail="The rate limit of this key is reached.")
    whose = f"preview:{type(request.auth).__name__}:{getattr(request.auth, 'pk', None)}:{request.user.pk}"
    number = int.from_bytes(blake2b(whose.encode(), digest_size=8).digest(), signed=True)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", (number,))
        if not cursor.fetchone()[0]:
            raise Throttled(wait=1, detail="One text is tried at a time. Try again when the last is done.")
        yield
