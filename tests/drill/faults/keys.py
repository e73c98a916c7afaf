"""AWS KMS, which encrypts the keys of teams that keep raw text."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

from tests.drill.fault import Fault
from tests.drill.ground import Ground
from tests.drill.kms import KEY, Kms
from tests.drill.load import Caller
from tests.services import Server

_TEAMS = 30
_CONFIG = "[default]\nservices = drill\n[services drill]\nkms =\n  endpoint_url = {url}\n"
"""AWS SDKs and Tools reference guide: Service-specific endpoints."""


class KmsHangs(Fault):
    name = "kms hangs"
    does = "AWS KMS takes connections and never answers for 15 s, thirty teams keep raw text; a key is revoked meanwhile"
    seconds = 15.0
    before = 0.0
    revokes = True

    @contextmanager
    def servers(self, ground: Ground) -> Iterator[list[Server]]:
        self._kms = Kms()
        self._keys = [ground.world.new_key(team=f"Raw {number}") for number in range(_TEAMS)]
        with self._kms.listening(), _raw_text(ground), TemporaryDirectory() as home:
            # In a file: of the variables of AWS' that processes inherit, the simulator's are all that is passed on.
            (Path(home) / ".aws").mkdir()
            (Path(home) / ".aws" / "config").write_text(_CONFIG.format(url=self._kms.url))
            server = ground.gateway(env={"GATEHOUSE_KMS_KEY_ID": KEY, "HOME": home})
            try:
                yield [server]
            finally:
                server.stop()

    def callers(self, ground: Ground) -> list[Caller]:
        return [Caller(key, 10, is_stream=number % 2 == 0) for number, key in enumerate(self._keys)]

    @contextmanager
    def inflicted(self, ground: Ground, servers: list[Server]) -> Iterator[None]:
        yield
        self._kms.answers.set()

    def notes(self, ground: Ground, servers: list[Server]) -> list[str]:
        sealed = ground.world.execute("SELECT count(*) FROM governance_sealedcontent")[0]["count"]
        plain = ground.world.execute("SELECT count(*) FROM governance_teamkey WHERE provider <> 'kms'")[0]
        return [
            f"asked {self._kms.asked} times, {sealed} raw texts kept, {plain['count']} keys of teams not under KMS"
        ]


@contextmanager
def _raw_text(ground: Ground) -> Iterator[None]:
    _publish(ground, "raw")
    yield
    _publish(ground, "redacted")


def _publish(ground: Ground, bodies: str) -> None:
    with NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"bodies": bodies}, file)
        file.flush()
        ground.stack.manage("publish_privacy_policy", file.name, "--reason", "A drill.")


FAULTS = (KmsHangs(),)
