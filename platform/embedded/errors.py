"""What keeps the embedded stack from starting, told in one line."""


class StartError(Exception):
    """The message is for the person at the terminal: what is wrong and what to do; no secrets, no traceback."""


class Stopped(Exception):
    """A signal asked the supervisor to stop while something was being waited for."""
