"""How commands find the embedded services of a data folder: a file the supervisor writes while they run."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

FILE_NAME = "services.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Where the embedded services listen, who supervises them, and the secrets made for this data folder."""

    supervisor_pid: int
    database_url: str
    redis_url: str
    bedrock_endpoint_url: str
    secret_key: str
    master_key: str


def read_services(data_dir: Path) -> Services | None:
    """The running services of a data folder; None when there are none or their supervisor is gone."""
    try:
        found = Services(**json.loads((data_dir / FILE_NAME).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return found if _is_alive(found.supervisor_pid) else None


def write_services(data_dir: Path, services: Services) -> None:
    """Replaces the file in one step, readable by its owner only."""
    temporary = data_dir / f"{FILE_NAME}.{os.getpid()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(services), file)
    temporary.replace(data_dir / FILE_NAME)


def remove_services(data_dir: Path) -> None:
    """Forgets the services; nothing happens when there is no file."""
    (data_dir / FILE_NAME).unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
