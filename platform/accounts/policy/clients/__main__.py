"""Writes docs/clients.md to the standard output."""

import sys

from accounts.policy.clients import GROUPS
from accounts.policy.clients.markdown import document

sys.stdout.write(document(GROUPS))
