"""PURE: how clients are set up: the lines of each, in one place, for the admin's pages and docs/clients.md.

Lines are templates, with `URL`, `KEY`, `MODEL` and `SMALL_MODEL` in guillemets: see `accounts.policy.clients.client`.
`python -m accounts.policy.clients > docs/clients.md` writes the document.
"""

from accounts.policy.clients.agents import AGENTS
from accounts.policy.clients.client import Client, Lines, Piece, Values, filled, pieces
from accounts.policy.clients.editors import EDITORS
from accounts.policy.clients.frameworks import FRAMEWORKS
from accounts.policy.clients.sdks import SDKS

GROUPS: tuple[tuple[str, tuple[Client, ...]], ...] = (
    ("SDKs", SDKS),
    ("Frameworks", FRAMEWORKS),
    ("Coding agents", AGENTS),
    ("Editors", EDITORS),
)
CLIENTS: tuple[Client, ...] = tuple(client for _, group in GROUPS for client in group)

__all__ = ["CLIENTS", "GROUPS", "Client", "Lines", "Piece", "Values", "filled", "pieces"]
