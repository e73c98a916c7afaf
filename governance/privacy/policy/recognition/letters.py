"""PURE: what patterns call a capital: `re` knows no classes of letters."""

UPPER = "".join(letter for letter in map(chr, range(0x41, 0x530)) if letter.isupper() and letter.isalpha())
"""For use within a character class: capitals of Latin, Greek and Cyrillic."""
WORD = rf"(?:[{UPPER}][\w'’\-]*)"
"""A word with a capital at its head."""
