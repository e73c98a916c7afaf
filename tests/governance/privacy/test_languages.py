"""Which language a text is of, and what is looked at where it is too short to tell."""

import pytest

from governance.privacy.policy.languages import beside, is_long_enough, language_of, letters_of

LONG = "Dieser Satz ist lang genug, damit seine Sprache auch ohne die Nachbarn zu erkennen ist."


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Das ist nicht der Brief, den ich für Sie habe", "de"),
        ("What can you do for me and this team?", "en"),
        ("Это не письмо", "ru"),
        ("Okay", ""),
    ],
)
def test_the_language_of_a_text_is_told_by_its_words(text: str, language: str) -> None:
    assert language_of(text) == language


def test_digits_and_signs_are_of_no_language() -> None:
    assert letters_of("Nr. 17: 4 Äpfel!") == "Nr Äpfel"
    assert not is_long_enough("1234567890 " * 20)
    assert is_long_enough(LONG)


def test_a_short_text_is_told_by_its_neighbours_and_a_long_one_by_itself() -> None:
    short, other = "Jan Nowak", "Ola"
    assert beside([LONG, short, other]) == ["", f"{LONG} {other}", f"{LONG} {short}"]
    assert beside([short]) == [""]
    assert beside([]) == []
    assert all(len(around) <= 601 for around in beside([LONG * 50, short, LONG * 50]))
