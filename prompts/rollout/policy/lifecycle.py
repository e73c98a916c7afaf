"""PURE: what the lives of experiments and rollouts share."""

from kernel.errors import ConflictError


class LifecycleError(ConflictError):
    """This can't be done now. The message says why."""
