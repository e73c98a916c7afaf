"""What processes tell each other of deployments, through Valkey."""

from collections.abc import Callable

import msgspec

from gateway.routing.fleet.board import _OPEN, Board, Told


async def test_what_another_version_wrote_hides_nothing_of_the_rest(redis_url):
    hear: Callable[[Told], None] = lambda told: None  # noqa: E731
    board = Board(redis_url, sender="test", hear=hear)
    try:
        seconds, _ = await board._client.time()
        known = {"1": b"rubbish", "2": b'{"reason": "failing"}', "x": b'["failing", 1]', "3": b'["failing"]'}
        known["4"] = msgspec.json.encode(("failing", seconds + 60.0))
        await board._client.delete(_OPEN)
        await board._client.hset(_OPEN, mapping=known)
        looked = await board.look({})
        assert looked is not None
        assert [told.deployment_id for told in looked.breakers] == [4]
        assert 50 < looked.breakers[0].seconds <= 60
    finally:
        await board._client.delete(_OPEN)
        await board.stop()
