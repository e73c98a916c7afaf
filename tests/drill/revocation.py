"""A key that is revoked while something else goes wrong, and since when it is refused."""

import time
from collections.abc import Sequence

from tests.drill.ground import Ground
from tests.drill.probe import Probe

_EVERY = 0.1


class Revocation:
    """`probe` asks with the key again and again. The connection that revokes it is there before the fault."""

    def __init__(self, ground: Ground, urls: Sequence[str]) -> None:
        self._connection = ground.stack.connect()
        key = ground.world.new_key(team="Revoked")
        ground.world.knows(key, *urls)
        (found,) = ground.world.execute("SELECT max(id) AS id FROM accounts_apikey")
        self._id = found["id"]
        self._revoked_at: float | None = None
        # A list of models: it asks whose key it is, and nothing of the ledger.
        self.probe = Probe(f"{urls[0]}/v1/models", headers={"authorization": f"Bearer {key}"}, every=_EVERY)

    def close(self) -> None:
        self._connection.close()

    def revoke(self) -> None:
        """Past what may hold up others: the session says itself that it writes."""
        self._connection.execute("SET default_transaction_read_only = off")
        self._connection.execute("SET statement_timeout = 0")
        self._connection.execute("UPDATE accounts_apikey SET revoked_at = now() WHERE id = %s", [self._id])
        self._revoked_at = time.monotonic()

    def last_let_in(self, begun: float, ended: float) -> float:
        """Seconds from the revocation, or from the fault's begin where there was none, to when the last request with the key
        began that was let in meanwhile."""
        since = begun if self._revoked_at is None else self._revoked_at
        until = ended if self._revoked_at is None else float("inf")
        let_in = [each.begun for each in self.probe.seen if since < each.begun < until and each.status == 200]
        return max(let_in) - since if let_in else 0.0
