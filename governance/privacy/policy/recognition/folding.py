"""PURE: words without case and accents, to be compared."""

import unicodedata


def fold_letters(word: str) -> str:
    """The word casefolded, marks on letters taken off."""
    if word.isascii():
        return word.lower()
    letters = unicodedata.normalize("NFKD", word)
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).casefold()
