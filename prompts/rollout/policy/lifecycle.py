"""PURE: what the lives of experiments and rollouts share."""


class ImpossibleError(ValueError):
    """This can't be done now. The message says why."""
