"""Texts that people send to try something out on them. Nothing of them is kept."""

from typing import Any

from rest_framework import serializers

MAX_TEXTS = 1000
MAX_CHARACTERS = 1_000_000


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
