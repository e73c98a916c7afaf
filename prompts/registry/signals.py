"""What the registry asks of those who build on prompts, without knowing them. All are sent in the caller's transaction."""

from django.dispatch import Signal

label_moved = Signal()
"""A label leads elsewhere, or was taken away; its prompt is locked. Arguments: `prompt`, `name`, `by`, `reason`, `now`."""

approval_asked = Signal()
"""What keeps `version` from a protected label, besides not being approved: receivers return a list of sentences."""

proposal_asked = Signal()
"""What keeps `version`, which Gatehouse proposed, from being taken: receivers return a list of sentences."""

in_use_asked = Signal()
"""Who gives `version` to callers, besides its labels: receivers return a sentence that says what to end; "" if they don't."""
