from typing import Any

from rest_framework.renderers import JSONRenderer


class JsonRenderer(JSONRenderer):
    """JSON as people read it; where a text holds half of a surrogate pair, which no encoding can carry, escaped."""

    def render(self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None) -> bytes:
        try:
            found: bytes = super().render(data, accepted_media_type, renderer_context)
        except UnicodeEncodeError:
            found = _Escaping().render(data, accepted_media_type, renderer_context)
        return found


class _Escaping(JSONRenderer):
    ensure_ascii = True
