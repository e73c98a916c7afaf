"""The secrets of a data folder: made once, kept in a file that only its owner can read."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from secrets import token_urlsafe

from embedded.errors import StartError
from embedded.folder import write_private

FILE_NAME = "secrets.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """All are safe inside a URL."""

    secret_key: str
    master_key: str
    postgres_password: str
    valkey_password: str


def load_secrets(data_dir: Path, environ: Mapping[str, str]) -> Secrets:
    """The folder's secrets, made when missing; the environment's own keys win and are not written down.

    Raises StartError for a file that cannot be understood: inventing new secrets would lock the data away.
    """
    path = data_dir / FILE_NAME
    try:
        kept = Secrets(**json.loads(path.read_text())) if path.exists() else None
    except (OSError, ValueError, TypeError):
        raise StartError(
            f"Cannot read {path}: restore it from a backup, or move the data folder away."
        ) from None
    if kept is None:
        kept = Secrets(
            secret_key=token_urlsafe(48),
            master_key=token_urlsafe(32),
            postgres_password=token_urlsafe(24),
            valkey_password=token_urlsafe(24),
        )
        write_private(path, json.dumps(asdict(kept), indent=2) + "\n")
    return Secrets(
        secret_key=environ.get("GATEHOUSE_SECRET_KEY") or kept.secret_key,
        master_key=environ.get("GATEHOUSE_MASTER_KEY") or kept.master_key,
        postgres_password=kept.postgres_password,
        valkey_password=kept.valkey_password,
    )
