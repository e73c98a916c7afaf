"""PURE: whether what has the form of a machine's address is one: versions, fingerprints and addresses of nobody look alike."""

import re

_VERSION_BEFORE = re.compile(
    r"(?i)(?:\b(?:v|ver|versions?|versión|versione|versie|versão|release|build|firmware|driver|sections?|chapter|clause|article|paragraph|kapitel|abschnitt|ziffer|oid|snmp)\.?\s{0,2}[:=]?\s{0,2}|[=~<>^]=?\s{0,2}|§\s?)\"?$"
)
_ADDRESS_BEFORE = re.compile(
    r"(?i)\b(?:ip|ipv4|address|addr|host|server|from|gateway|dns|client|adresse|dirección|indirizzo)\b[^\n]{0,20}$|://$|@$"
)
_NOBODYS = re.compile(r"(?:0|127|255)\.|(?:1\.1\.1\.1|8\.8\.[48]\.[48])(?:/|$)")
_NETWORK = re.compile(r"\.0/\d{1,2}$")
_HEX = re.compile(r"[0-9A-Fa-f]{2}[:\-]$")
_HEX_BEHIND = re.compile(r"[:\-][0-9A-Fa-f]{2}(?![0-9A-Za-z])")
_FINGERPRINT = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5,}$")


def is_ip(text: str, start: int, end: int) -> bool:
    """Not a part of a longer number, a version, a loopback or a mask."""
    value = text[start:end]
    if ":" in value:
        return (
            _FINGERPRINT.fullmatch(value) is None
            and value.strip(":") not in ("", "1")
            and not _has_hex_beside(text, start, end)
        )
    if text[start - 1 : start] in (".", "-", "_") and start > 1 and text[start - 2].isalnum():
        return False
    if text[end : end + 1] in (".", "-", "_") and text[end + 1 : end + 2].isalnum():
        return False
    if _NOBODYS.match(value) or _NETWORK.search(value):
        return False
    before = text[max(0, start - 40) : start]
    if _VERSION_BEFORE.search(before):
        return False
    is_small = all(len(part) == 1 for part in value.partition("/")[0].split("."))
    return not is_small or _ADDRESS_BEFORE.search(before) is not None


def is_mac(text: str, start: int, end: int) -> bool:
    """Not a part of a longer row of bytes, such as a fingerprint."""
    return not _has_hex_beside(text, start, end) and len(set(text[start:end]) - set(":-.")) > 1


def _has_hex_beside(text: str, start: int, end: int) -> bool:
    return _HEX.search(text, max(0, start - 3), start) is not None or _HEX_BEHIND.match(text, end) is not None
