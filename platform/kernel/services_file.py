"""How commands find the embedded services of a data folder: a file the supervisor writes while they run."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

FILE_NAME = "services.json"
ENDPOINT_OF_SERVICE = "AWS_ENDPOINT_URL_"
"""Begins the names of variables with which the AWS SDKs are told one service's address: no credentials, so they are kept."""
CA_BUNDLE = "AWS_CA_BUNDLE"
"""Whose certificates such an address may show."""
SAME_PROCESS_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Where the embedded services listen, who supervises them, and the secrets made for this data folder.

    An empty URL: that service is not one of ours. The AWS credentials are the simulator's, never real ones.
    """

    supervisor_pid: int
    supervisor_created: float
    database_url: str
    redis_url: str
    bedrock_endpoint_url: str
    aws_access_key_id: str
    aws_secret_access_key: str
    aws_region: str
    secret_key: str
    master_key: str


def read_services(data_dir: Path) -> Services | None:
    """The running services of a data folder; None when there are none or their supervisor is gone."""
    try:
        found = Services(**json.loads((data_dir / FILE_NAME).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return found if _is_alive(found.supervisor_pid, found.supervisor_created) else None


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


def is_of_endpoints(name: str) -> bool:
    """Whether a variable of AWS's says where a service is reached, and not who reaches it."""
    return name.startswith(ENDPOINT_OF_SERVICE) or name == CA_BUNDLE


def apply_simulator_credentials(services: Services) -> None:
    """Puts the simulator's AWS credentials in the place of all of this process's own, which it must never see."""
    for name in tuple(os.environ):
        if name.startswith("AWS_") and not is_of_endpoints(name):
            del os.environ[name]
    os.environ["AWS_ACCESS_KEY_ID"] = services.aws_access_key_id
    os.environ["AWS_SECRET_ACCESS_KEY"] = services.aws_secret_access_key
    os.environ["AWS_REGION"] = services.aws_region


def _is_alive(pid: int, created: float) -> bool:
    import psutil  # not at the top: settings import this file, and mostly there is nothing to look up

    try:
        # Another process may have the number by now; it would have been made later.
        return bool(abs(psutil.Process(pid).create_time() - created) < SAME_PROCESS_SECONDS)
    except psutil.Error:
        return False
