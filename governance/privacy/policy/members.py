"""PURE: a member's name in JSON, as the word beside its value: "4155552671" alone is any number, under "phone" it is one."""

import re

_TELLING = re.compile(
    r"(?i)phone|tel|mobil|cell|fax|handy|whats|ssn|social|passw|passwd|passphrase|passcode|kennw|pwd|contrase|senha|wachtw|account|acct|konto|iban|card|licen|passport|reisepass"
    r"|tax|steuer|nation|ausweis|dni|nif|nie|aadh|\bpan\b|patient|mrn|insur|address|adress|indiriz|direcc|number|nummer|secret|token|api_?key|e?mail"
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SIGNS = re.compile(r"[_\-.\s]+")
_MIN_LENGTH, _MAX_LENGTH = 5, 80


def label(name: str, value: str) -> str:
    """What is put before the value to say what it is, as in "phone number: "; "" where the name says nothing of the kind."""
    if (
        not _MIN_LENGTH <= len(value) <= _MAX_LENGTH
        or len(name) > _MAX_LENGTH
        or _TELLING.search(name) is None
    ):
        return ""
    return _SIGNS.sub(" ", _CAMEL.sub(" ", name)).strip() + ": "
