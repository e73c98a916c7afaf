"""The one pair of keys the simulator accepts."""

from collections.abc import Mapping
from dataclasses import dataclass

ACCESS_KEY_ID = "AKIASIMULATOR0000001"
SECRET_ACCESS_KEY = "simulator-secret-not-for-aws"  # noqa: S105 - opens nothing but the simulator


@dataclass(frozen=True, slots=True)
class SimulatorCredentials:
    """An access key id and its secret."""

    access_key_id: str = ACCESS_KEY_ID
    secret_access_key: str = SECRET_ACCESS_KEY

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "SimulatorCredentials":
        """What GATEHOUSE_SIMULATOR_ACCESS_KEY_ID and …_SECRET_ACCESS_KEY say, else the constants above."""
        return cls(
            environ.get("GATEHOUSE_SIMULATOR_ACCESS_KEY_ID") or ACCESS_KEY_ID,
            environ.get("GATEHOUSE_SIMULATOR_SECRET_ACCESS_KEY") or SECRET_ACCESS_KEY,
        )
