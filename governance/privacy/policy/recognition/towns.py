"""PURE: towns by the digits of their postal codes. Source and licence: see the list's head."""

import re
from functools import cache
from importlib.resources import files

from governance.privacy.policy.recognition.folding import fold_letters

_SIGNS = re.compile(r"[\s\-'’.]+")
_WORDS_TOO_LIST = "essen halle hof tours baden singen lage werder buch bar lens orange ham sand plan melle split werden bergen as nice leer "
_WORDS_TOO = frozenset(_WORDS_TOO_LIST.split())


@cache
def _towns() -> dict[int, frozenset[str]]:
    lines = files(__package__).joinpath("towns.txt").read_text("utf-8").splitlines()
    begin = next(place for place, line in enumerate(lines) if line.startswith("# Codes of four"))
    return {
        5: frozenset(_folded(line) for line in lines[:begin] if not line.startswith("#")),
        4: frozenset(_folded(line) for line in lines[begin + 1 :] if line),
    }


def _folded(name: str) -> str:
    return _SIGNS.sub(" ", fold_letters(name)).strip()


def is_town(name: str, *, digits: int) -> bool:
    """Whether this is a town, or begins with one ("Bad Homburg vor der Höhe"), of a country with codes of so many digits."""
    folded = _folded(name)
    if digits == 4 and folded in _WORDS_TOO:
        return False
    return folded in _towns().get(digits, frozenset())
