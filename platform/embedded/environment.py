"""The environment that children get: the caller's, with where the services are."""

import os
from collections.abc import Mapping

from embedded.configuration import Bedrock, Configuration
from embedded.orphans import MARK
from embedded.secrets import Secrets
from embedded.simulator.credentials import SimulatorCredentials
from kernel.services_file import is_of_endpoints

REGION = "us-east-1"


def platform_environment(
    base: Mapping[str, str],
    configuration: Configuration,
    secrets: Secrets,
    *,
    database_url: str,
    redis_url: str,
) -> dict[str, str]:
    """For web, gateway, Celery and `manage.py`."""
    environment = {
        **child_environment(base, configuration),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "GATEHOUSE_DATA_DIR": str(configuration.data_dir),
        "GATEHOUSE_HOST": configuration.host,
        "GATEHOUSE_PORT": str(configuration.port),
        "GATEHOUSE_PUBLIC_URL": configuration.public_url,
        "GATEHOUSE_SECRET_KEY": secrets.secret_key,
        "GATEHOUSE_MASTER_KEY": secrets.master_key,
        "GATEHOUSE_EMBEDDED": base.get("GATEHOUSE_EMBEDDED") or "true",
    }
    if configuration.bedrock is Bedrock.SIMULATOR:
        return with_simulator(environment, simulator_url(configuration.simulator_port))
    if configuration.bedrock is Bedrock.AWS:
        environment.pop("BEDROCK_ENDPOINT_URL", None)
    return environment


def child_environment(base: Mapping[str, str], configuration: Configuration) -> dict[str, str]:
    """What every Python child needs: the two roots on its path, and the mark of the folder it belongs to."""
    return {
        **base,
        MARK: str(configuration.data_dir),
        "PYTHONPATH": os.pathsep.join([str(configuration.root / "platform"), str(configuration.root)]),
        "PYTHONUNBUFFERED": "1",
    }


def with_simulator(environment: Mapping[str, str], url: str) -> dict[str, str]:
    """All of AWS's own variables make way for the simulator's: the caller's credentials are not even passed on.

    Where a service has an address of its own, such as KMS's in `AWS_ENDPOINT_URL_KMS`, that stays (AWS SDKs and Tools Reference
    Guide, "Service-specific endpoints"), and so does whose certificates it may show (`AWS_CA_BUNDLE`).
    """
    kept = {
        name: value
        for name, value in environment.items()
        if not name.startswith("AWS_") or is_of_endpoints(name)
    }
    credentials = SimulatorCredentials.from_environment(environment)
    return {
        **kept,
        "BEDROCK_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_REGION": REGION,
    }


def simulator_url(port: int) -> str:
    return f"http://127.0.0.1:{port}"
