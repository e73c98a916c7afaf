"""What to start and what is there already, decided from the environment alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from embedded.errors import StartError
from embedded.server import uses_tls

TRUE = {"1", "true", "yes", "on", "y", "t", "ok"}
WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - recognised, never bound by default


class Bedrock(Enum):
    """Who answers model calls."""

    SIMULATOR = "simulator"
    ENDPOINT = "endpoint"
    AWS = "aws"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """One start of the stack. An empty `database_url` or `redis_url` means: start the embedded one."""

    root: Path
    data_dir: Path
    host: str
    port: int
    scheme: str
    public_url: str
    simulator_port: int
    workers: int
    database_url: str
    redis_url: str
    bedrock: Bedrock
    bedrock_endpoint_url: str
    demo: bool

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], *, root: Path) -> "Configuration":
        """Raises StartError for a value that cannot be used."""
        host = environ.get("GATEHOUSE_HOST") or "127.0.0.1"
        port = _number(environ, "GATEHOUSE_PORT", 8000)
        endpoint = environ.get("BEDROCK_ENDPOINT_URL", "")
        scheme = "https" if uses_tls(environ) else "http"
        # Of the processes that are started: said here in a line, in place of the end of a log.
        _number(environ, "GATEHOUSE_POOL_SIZE", 4, least=2)
        _number(environ, "GATEHOUSE_WORKER_TIMEOUT_SECONDS", 60)
        return cls(
            root=root,
            data_dir=Path(environ.get("GATEHOUSE_DATA_DIR") or root / ".data").expanduser().absolute(),
            host=host,
            port=port,
            scheme=scheme,
            public_url=(environ.get("GATEHOUSE_PUBLIC_URL") or local_url(host, port, scheme=scheme)).rstrip(
                "/"
            ),
            simulator_port=_number(environ, "GATEHOUSE_SIMULATOR_PORT", 8001),
            workers=_number(environ, "GATEHOUSE_WORKERS", 1, most=256),
            database_url=environ.get("DATABASE_URL", ""),
            redis_url=environ.get("REDIS_URL", ""),
            bedrock=_bedrock(environ.get("GATEHOUSE_BEDROCK", ""), endpoint),
            bedrock_endpoint_url=endpoint,
            demo=(environ.get("GATEHOUSE_DEMO") or "true").lower() in TRUE,
        )

    @property
    def local_url(self) -> str:
        """Where this machine reaches the web process, whatever the public address is."""
        return local_url(self.host, self.port, scheme=self.scheme)


def local_url(host: str, port: int, *, scheme: str = "http") -> str:
    """The address to connect to for a host that is listened on; a wildcard becomes loopback."""
    reachable = WILDCARDS.get(host, host)
    return f"{scheme}://[{reachable}]:{port}" if ":" in reachable else f"{scheme}://{reachable}:{port}"


def _bedrock(asked: str, endpoint: str) -> Bedrock:
    # Credentials alone never choose AWS: a demo on a developer's machine must not spend money.
    if asked not in {"", "simulator", "aws"}:
        raise StartError(f"GATEHOUSE_BEDROCK is {asked!r}: use 'simulator' or 'aws'.")
    if asked == "aws":
        return Bedrock.AWS
    if endpoint and asked != "simulator":
        return Bedrock.ENDPOINT
    return Bedrock.SIMULATOR


def _number(
    environ: Mapping[str, str], name: str, default: int, *, least: int = 1, most: int = 65_535
) -> int:
    text = environ.get(name) or str(default)
    if not text.isdecimal() or not least <= int(text) <= most:
        raise StartError(f"{name} is {text!r}: use a number from {least} to {most}.")
    return int(text)
