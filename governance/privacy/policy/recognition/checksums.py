"""PURE: check digits of identifiers."""

_WEIGHTS_ISO7064 = 97


def luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit (ISO/IEC 7812) of those before it."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def mod97(text: str) -> bool:
    """Whether the remainder is 1 as ISO 7064 MOD 97-10 wants, letters counted from A = 10, the first four moved last."""
    moved = text[4:] + text[:4]
    if not moved.isascii() or not moved.isalnum():
        return False
    return int("".join(str(int(letter, 36)) for letter in moved)) % _WEIGHTS_ISO7064 == 1


def mod11(digits: str) -> bool:
    """Whether the weighted sum (…, 3, 2, 1 from the left) is divisible by 11, X standing for 10 at the end."""
    values = [10 if digit in "xX" else int(digit) for digit in digits if digit.isdecimal() or digit in "xX"]
    return sum(value * weight for weight, value in enumerate(reversed(values), 1)) % 11 == 0


def verhoeff(digits: str) -> bool:
    """Whether the last digit is the Verhoeff check digit of those before it."""
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = _MULTIPLY[check][_PERMUTE[place % 8][int(digit)]]
    return check == 0


def _dihedral() -> list[list[int]]:
    return [
        [(a + b) % 5 if a < 5 and b < 5 else (a + b - 5) % 5 + 5 if a < 5 else (a - 5 - b) % 5 + 5 if b < 5 else (a - b) % 5
         for b in range(10)]
        for a in range(10)
    ]  # fmt: skip


def _permutations() -> list[list[int]]:
    first, rows = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4], [list(range(10))]
    for _ in range(7):
        rows.append([rows[-1][value] for value in first])
    return rows


_MULTIPLY = _dihedral()
_PERMUTE = _permutations()

CHECKSUMS = {"luhn": luhn, "mod97": mod97, "mod11": mod11, "verhoeff": verhoeff}
"""What a custom rule may ask for, by name."""
