"""Where phases meet faults: one ground for all rows, on a disk, with a clock and a KMS of its own that can go wrong."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from kernel.background import app
from tests.drill.clock import HostClock
from tests.drill.ground import Ground
from tests.drill.kms import KEY, Kms
from tests.drill.phases.kinds import ClockOff, DiskFull, Kind, KmsHangs
from tests.services import Server, Stack, temporary_folder

_CONFIG = "[default]\nservices = drill\n[services drill]\nkms =\n  endpoint_url = {url}\n"
"""AWS SDKs and Tools reference guide: Service-specific endpoints."""
_SIZE = "2500m"


class PhaseGround(Ground):
    """All processes started on it have the same clock and KMS."""

    def __init__(self, stack: Stack, common: Mapping[str, str]) -> None:
        self.common = dict(common)
        super().__init__(stack)
        self.raw_key = self.world.new_key(team="Raw")

    def gateway(
        self,
        *,
        workers: int = 1,
        env: Mapping[str, str] | None = None,
        ready_at: str = "/readyz",
        waits: bool = True,
    ) -> Server:
        env = {"DATABASE_URL": self.database_url, **self.common, **(env or {})}
        return self.stack.gateway(workers=workers, env=env, ready_at=ready_at, waits=waits)


@contextmanager
def phase_ground(kinds: tuple[Kind, ...]) -> Iterator[PhaseGround]:
    """One, with a worker and beat that find a gateway to call."""
    with _disk(is_own=any(isinstance(each, DiskFull) and not each.missing() for each in kinds)) as folder:
        kms = Kms()
        kms.answers.set()
        with kms.listening(), Stack(folder, durable=True) as stack:
            stack.manage("load_catalog")
            ground = PhaseGround(stack, _common(kinds, kms, folder))
            _keep_raw_text(stack)
            url = ground.usual.url
            app.conf.broker_url = stack.environment()["REDIS_URL"]  # of what is queued here
            with ground.working(**ground.common, GATEHOUSE_GATEWAY_URL=url):
                yield ground


def _common(kinds: tuple[Kind, ...], kms: Kms, folder: Path) -> dict[str, str]:
    home = folder / "home"
    (home / ".aws").mkdir(parents=True)
    # In a file: of the variables of AWS' that processes inherit, the simulator's are all that is passed on.
    (home / ".aws" / "config").write_text(_CONFIG.format(url=kms.url))
    common = {"GATEHOUSE_KMS_KEY_ID": KEY, "HOME": str(home)}
    for kind in kinds:
        if isinstance(kind, KmsHangs):
            kind.kms = kms
        if isinstance(kind, ClockOff) and not kind.missing():
            kind.clock = HostClock()  # not on the disk that is full at times
            common |= kind.clock.environment
    return common


def _keep_raw_text(stack: Stack) -> None:
    with NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"bodies": "raw"}, file)
        file.flush()
        stack.manage("publish_privacy_policy", file.name, "--reason", "A drill.")


@contextmanager
def _disk(*, is_own: bool) -> Iterator[Path]:
    folder = temporary_folder()
    if is_own:
        subprocess.run(
            ("mount", "-t", "tmpfs", "-o", f"size={_SIZE},mode=711", "tmpfs", str(folder)), check=True
        )
    try:
        yield folder
    finally:
        if os.environ.get("GATEHOUSE_DRILL_LOGS"):  # what processes have said, for who looks into a row
            with suppress(shutil.Error):
                shutil.copytree(folder / "logs", os.environ["GATEHOUSE_DRILL_LOGS"], dirs_exist_ok=True)
        if is_own:
            subprocess.run(("umount", "-l", str(folder)), check=False)
        shutil.rmtree(folder, ignore_errors=True)


PYTHON = sys.executable
