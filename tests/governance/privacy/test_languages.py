"""Which language a text is of, and what is looked at where it is too short to tell."""

import pytest

from governance.privacy.policy.languages import beside, is_long_enough, language_of, letters_of
from governance.privacy.services.names.reader import NamesReader, load_reader

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


GERMAN = (
    "Gestern traf Annika Vogelsang in Hannover ihre Freundin und sprach lange mit ihr über das neue Haus."
)
POLISH = "Wczoraj Agnieszka Wiśniewska pojechała do Warszawy, żeby porozmawiać z siostrą o nowym mieszkaniu."
GREEK = "Χθες η Μαρία Παπαδοπούλου πήγε στην Αθήνα για να μιλήσει με την αδελφή της για το σπίτι."
SPANISH = "Ayer Lucía Benavente viajó a Zaragoza con su hermano para hablar con él de la casa nueva."


@pytest.fixture(scope="module")
def reader() -> NamesReader:
    return load_reader()


def named(reader: NamesReader, text: str, around: str = "") -> set[str] | None:
    spans = reader.read(text, around)
    return None if spans is None else {text[start:end] for start, end, _ in spans}


@pytest.mark.parametrize("text", [POLISH, GREEK, f"{POLISH}\n{GREEK}", f"{POLISH} Tak. Nie."])
def test_what_the_model_does_not_know_is_not_read(reader: NamesReader, text: str) -> None:
    assert named(reader, text) is None


@pytest.mark.parametrize("between", ["\n", " ", "\n\n"])
def test_of_a_text_in_several_languages_the_known_ones_are_read(reader: NamesReader, between: str) -> None:
    text = between.join([POLISH, GERMAN, GREEK, "1234 5678", SPANISH, POLISH])
    found = named(reader, text)
    assert found is not None
    assert found >= {"Annika Vogelsang", "Lucía Benavente", "Zaragoza"}
    assert not found & {"Agnieszka Wiśniewska", "Μαρία Παπαδοπούλου"}
    spans = reader.read(text)
    assert spans == sorted(spans or ())


def test_a_short_text_is_read_as_what_stands_beside_it(reader: NamesReader) -> None:
    assert named(reader, "Annika", POLISH) is None
    assert named(reader, "Annika Vogelsang", GERMAN) == {"Annika Vogelsang"}
    assert named(reader, "1234", POLISH) is None
    assert named(reader, "", "") == set()
