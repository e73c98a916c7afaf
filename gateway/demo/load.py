"""Loads the demonstration in one transaction, and writes down how to sign in."""

import json
import os
import secrets
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction

from accounts.models import User
from accounts.services.api_keys import create_key
from gateway.catalogue.services.catalog import load_catalog, read_catalog
from gateway.demo.history import DAYS, write_history
from gateway.demo.limits import create_requests
from gateway.demo.organisation import create_organisation, exists
from gateway.demo.prompts import create_support_reply
from governance.records.services.partitions import make_partitions
from governance.usage.services.tips import refresh_tips
from kernel.ids import random_token

FILE_NAME = "demo.json"
MODEL = "claude-haiku-4-5"
KEY_APPLICATION = "Help desk assistant"
PROMPT_TEAM = "Customer Support"


def load_demo(*, data_dir: Path, now: datetime) -> int | None:
    """Makes the organisation, a key and the history; the number of calls, or None when it is there already."""
    if exists():
        return None
    make_partitions(
        since=now - timedelta(days=DAYS), until=now
    )  # before the transaction, which would hold their locks
    password = "-".join(random_token(5) for _ in range(4))
    with transaction.atomic():
        load_catalog(read_catalog())
        organisation = create_organisation(admin_password=password)
        for name, application in organisation.applications.items():
            new = create_key(application=application, name="demo", created_by=organisation.admin)
            if name == KEY_APPLICATION:
                shown = new.text
        calls = write_history(organisation, now=now)
        create_requests(organisation.budgets, now=now)
        create_support_reply(
            organisation.teams[PROMPT_TEAM],
            author=_person("support.developer"),
            reviewer=_person("support.owner"),
            model=MODEL,
        )
        # Last, in the transaction: without the file nobody could sign in.
        _write_access(data_dir, admin_email=organisation.admin.email, admin_password=password, api_key=shown)
    refresh_tips(now=now)
    return calls


def _person(local_part: str) -> User:
    return User.objects.get(email=f"{local_part}@example.com")


def _write_access(data_dir: Path, **access: str) -> None:
    data_dir.mkdir(parents=True, exist_ok=True)
    temporary = data_dir / f".{FILE_NAME}.{secrets.token_hex(4)}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({**access, "model": MODEL}, file, indent=2)
    temporary.replace(data_dir / FILE_NAME)
