"""PURE: passwords told in running prose, in six languages: a word for one, a few words at most, and a token no word looks like."""

import re
from collections.abc import Iterator

import re2

from governance.screening.policy.findings import Finding

_WORDS = r"pass ?words?|pass ?codes?|pass ?phrases?|passwd|pwd|pins?|pin codes?|log-?ins?|credentials?|secret word|wi-?fi key|passwor[dt]e?s?|passwörter|kennw[oö]rte?r?|zugangscodes?|losungswort|mots? de passe|code d['’]accès|contraseñas?|claves?|contrase[nñ]a|senhas?|palavra-passe|parole? d['’]ordine|wachtwoord(?:en)?|toegangscode"
_WORD = re2.compile(rf"(?i)(?:{_WORDS})")
_TOKEN = re.compile(r"[^\s\"“”„«»`‘’'(),]{4,64}")
_ENDS = re.compile(r"[.;?]\s|\n")
_WEAK = re.compile(r"(?i)log-?ins?|credentials?|pins?|claves?|parole?.*|pwd")
_NEAR = 70
_MAX_TOKENS = 6
_WORTH_A_LOOK = re2.compile(
    r"(?i)pass|pwd|\bpin|log-?in|credential|secret word|wi-?fi key|kennw|zugangscode|losungswort|mots? de|code d|contrase|clave|senha|parol|wachtw|toegangs"
)
_URL = re.compile(r"(?i)(?:https?|www|ftp)[:.]|[\w.\-]+@[\w\-]+\.\w|[/\\]\w+[/\\]")
_DATE = re.compile(r"[\d./:\-]+$|\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2}")
_SIGN_WITHIN = re.compile(r"[^\W_][!@#$%&^+~?=][^\W_]")
_CODE = re.compile(
    r"[<>{}\[\]|\\]|\w\.[a-z]{2,5}$|^[A-Z]+(?:_[A-Z0-9]+)+$|^[a-z]+(?:_[a-z0-9]+)+$|&\w+;|[\w.\[\]()\"']+[=({\[]|\$\{?\w|%[sd]|\w+\(\)|\*{3,}|[xX]{4,}|\.{3,}|^--?\w|\w+\.\w+\.\w+"
)
_TECHNICAL = re.compile(
    r"(?i)^(?:md5|sha-?\d+|oauth\d?|utf-?\d+|base\d+|win\d+|php\d|python\d|iso\d+|rfc\d+|aes-?\d+|bcrypt|argon2\w*|pbkdf2\w*|http\d?|saml\d?|ipv[46]|2fa|mfa|1password|level\d|step\d)(?![a-z])|/[A-Z]{2,}"
)
_MODEL = re.compile(
    r"[A-Z]?[a-z]+-?\d{1,4}$|[A-Z]{1,6}-?\d{1,4}$|v?\d[\d.]*[a-z]{0,2}$|\d+(?:st|nd|rd|th|-\w+)$", re.ASCII
)


def passwords(text: str) -> Iterator[Finding]:
    """The token alone. It must mix at least letters with digits or signs as no word does, or stand in quotation marks and mix them."""
    if _WORTH_A_LOOK.search(text if text.isascii() else text.encode("utf-8", "replace").decode()) is None:
        return
    plain = text if text.isascii() else text.encode("utf-8", "replace").decode()
    for word in _WORD.finditer(plain):
        if _is_of_word(text[word.start() - 1 : word.start()]) or _is_of_word(
            text[word.end() : word.end() + 1]
        ):
            continue
        end = word.end() + _NEAR
        if (stop := _ENDS.search(text, word.end(), end)) is not None:
            end = stop.start()
        for number, match in enumerate(_TOKEN.finditer(text, word.end(), end)):
            value = match.group().rstrip(".,;:?")
            if _is_password(value, kinds=3 if _WEAK.fullmatch(word.group()) else 2, is_first=number < 2):
                yield Finding(match.start(), match.start() + len(value), "SECRET", 0.6, "passwords in prose")
                break
            if number == _MAX_TOKENS:
                break


def _is_of_word(sign: str) -> bool:
    return sign == "_" or sign.isalnum()


def _is_password(value: str, *, kinds: int, is_first: bool) -> bool:
    if (
        len(value) < 5
        or any(pattern.search(value) for pattern in (_URL, _CODE, _TECHNICAL))
        or _DATE.match(value)
    ):
        return False
    letters = any(map(str.islower, value)), any(map(str.isupper, value))
    digit = any(map(str.isdecimal, value))
    sign = _SIGN_WITHIN.search(value) is not None or (digit and ("_" in value or value[-1] in "!#$%&*+=@?"))
    seen = sum(letters) + digit + sign
    if seen < kinds or not any(letters) or not (digit or sign):
        return False
    if not sign and _MODEL.fullmatch(value) and (seen < 3 or len(value) < 8):
        return is_first and kinds == 2 and value[:4].isalpha() and value[0].islower()
    return seen >= 3 or (digit and (len(value) >= 8 or is_first)) or sign
