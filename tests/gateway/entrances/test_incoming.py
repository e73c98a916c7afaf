"""What an entrance reads of a connection before it knows a format."""

from gateway.call.cache import CacheWishes, wishes_of
from gateway.entrances.formats.incoming import headers_of


def test_what_several_lines_say_of_the_cache_holds_together():
    """A proxy may add a line, and split or join those that are there."""
    lines = [(b"x-gatehouse-cache", b"no-store"), (b"x-gatehouse-feature", b"a"), (b"x-gatehouse-cache", b"max-age=60"), (b"x-gatehouse-feature", b"b")]  # fmt: skip
    headers = headers_of({"headers": lines})
    assert wishes_of(headers[b"x-gatehouse-cache"].decode()) == CacheWishes(no_store=True, max_age=60)
    assert headers[b"x-gatehouse-feature"] == b"b"
