"""What has a form of its own is found in texts of many countries, and what only looks like it is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.privacy.policy.detection import found_by_name, parts_of
from governance.privacy.policy.kinds import KINDS
from governance.privacy.policy.privacy import DEFAULT_THRESHOLD, PrivacyRule
from governance.privacy.policy.recognition import engine, ner
from governance.privacy.policy.recognition.islands import around_digits, islands
from governance.privacy.policy.recognition.presidio import ENTITIES
from governance.privacy.policy.recognition.presidio_recognizers import of_identifiers
from tests.governance.privacy.samples import characters, rule_set

FOUND = {
    "EMAIL_ADDRESS": ["write to [ann.lee+x@example.co.uk] please", "<[ann@example.com]>", "MAILTO:[ANN@EXAMPLE.COM]", "[müller@example.de]"],
    "CREDIT_CARD": ["[4111 1111 1111 1111]", "[5555-5555-5555-4444]", "[378282246310005]", "card: [4222222222222]", "my card [4111111111111111]."],
    "IBAN_CODE": ["[DE89 3704 0044 0532 0130 00]", "[GB29NWBK60161331926819]", "[fr14 2004 1010 0505 0001 3m02 606]", "[NL91 ABNA 0417 1643 00] is mine",
                  "[DE89 3704 0044 0532 0130 00] because [DE89 3704 0044 0532 0130 00]"],
    "PHONE_NUMBER": ["call [(415) 555-2671]", "[+49 30 901820]", "[+44 20 7946 0958]", "tel [030 901820]", "phone: [555-0123]", "[+33 1 42 68 53 00]",
                     "[0171 1234567] is my mobile number", "[+91 98765 43210]"],
    "IP_ADDRESS": ["from [192.168.17.4] it came", "[2001:db8::8a2e:370:7334]"],
    "MAC_ADDRESS": ["mac [00:1A:2B:3C:4D:5E]"],
    "CRYPTO": ["wallet [1BoatSLRHtKNngkdXEeobR76b53LETtpyT]"],
    "US_SSN": ["my SSN is [536-22-1234]"],
    "US_ITIN": ["ITIN [912-70-1234]"],
    "US_PASSPORT": ["passport [912803456]"],
    "US_DRIVER_LICENSE": ["driver license [H12234567]"],
    "US_BANK_NUMBER": ["bank account [945456787654]"],
    "MEDICAL_LICENSE": ["DEA [BB1388568]"],
    "UK_NINO": ["NI number [AB 12 34 56 C]", "[AB123456C]"],
    "UK_NHS": ["NHS number [943 476 5919]"],
    "ES_NIF": ["mi NIF es [12345678Z]"],
    "IT_FISCAL_CODE": ["codice fiscale [RSSMRA85T10A562S]"],
    "DE_TAX_ID": ["Steuer-ID [65929970489]"],
    "FI_PERSONAL_IDENTITY_CODE": ["henkilötunnus [131052-308T]"],
    "SE_PERSONNUMMER": ["personnummer [811228-9874]"],
    "PL_PESEL": ["PESEL [44051401359]"],
    "IN_AADHAAR": ["my aadhaar is [2345 6789 0124]"],
    "IN_PAN": ["PAN [ABCPE1234F]"],
    "SG_NRIC_FIN": ["NRIC [S1234567D]"],
    "AU_TFN": ["tax file number [876 543 210]"],
    "AU_MEDICARE": ["medicare [2123 45670 1]"],
    "CA_SIN": ["SIN: [130 692 544]"],
    "KR_RRN": ["rrn [960121-1234567]"],
    "TR_NATIONAL_ID": ["TC kimlik [10000000146]"],
    "ZA_ID_NUMBER": ["South African id [8001015009087]"],
    "STREET_ADDRESS": ["at [12 Main Street], Springfield", "[Via Roma 12]", "[Hauptstraße 5]", "[45 rue de la Paix]", "[P.O. Box 123]", "[calle Mayor 5]",
                       "i live at [12 main street]"],
    "ZIP_CODE": ["CA [94105]", "zip code [12345]", "postcode [SW1A 1AA]"],
    "DATE_TIME": ["on [2026-11-21 at 10:30]", "[May 5, 2021]", "[5th of May]", "in [1999]", "[Monday]", "[12.03.2021]", "[3/4/2021]"],
    "AGE": ["he is [34] years old", "aged [34]", "age: [34]", "a [5]-year-old girl", "I'm [42]."],
    "URL": ["[https://example.com/a?b=c]", "[www.example.org]", "[example.io]"],
    "TITLE": ["[Dr.] Jane Roe", "[Mrs.] Smith"],
}  # fmt: skip
LEFT_ALONE = {
    "PHONE_NUMBER": ["version 1.2.3.4", "on 2026-11-21", "order 12345678", "192.168.100.200", "invoice 2024-000123", "id 4155552671", "10.0.19041.1234",
                     "ISBN 978-3-16-148410-0", "3.14159265358979", "1,234,567", "$1234567.00", "2019-2020", "12:30:45", "0x12345678", "page 12 of 345"],
    "DATE_TIME": ["last week", "in 5 minutes", "next year", "today", "I may go", "march on", "two days ago", "for 30 days", "1999 items", "version 1.2.3"],
    "AGE": ["in 5 minutes", "5 apples", "it is 34 degrees", "page 34", "30 days", "chapter is 5 pages", "score was 21-7"],
    "CREDIT_CARD": ["4111 1111 1111 1112", "1234567890123456", "order 1000000000000000", "0000 0000 0000 0000", "4222222222222"],
    "IBAN_CODE": ["DE89 3704 0044 0532 0130 01", "AB12 words and words and more", "x" * 40],
    "STREET_ADDRESS": ["add 12345 and 678", "3 in a row", "1 Introduction\n2 Methods\n3 Results", "chapter 3 of 10", "100 percent of the way",
                       "compare 3 options and 4 criteria", "call 911 now 24 7", "20 people in a row", "From 5 To 10"],
    "US_SSN": ["000-12-3456", "123-45-678", "666-12-3456"],
    "IP_ADDRESS": ["version 1.2.3", "999.999.999.999", "10:30", "std::vector"],
    "EMAIL_ADDRESS": ["@home", "a@b", "git@", "user@localhost"],
    "URL": ["and/or", "file.txt", "e.g. this", "main.py"],
    "TITLE": ["the doctor", "Dr", "gender"],
    "ZIP_CODE": ["call 12345", "12345 items"],
    "UK_NINO": ["AB12"],
    "IN_PAN": ["PAN is 10 letters of wordsabcde 1234 long"],
}  # fmt: skip


def found(text, entity):
    return {
        text[each.start : each.end]
        for each in engine.patterns(text)
        if each.entity == entity and each.score >= DEFAULT_THRESHOLD
    }


def marked(text):
    """A text and what stands in its brackets."""
    parts = text.replace("]", "[").split("[")
    return "".join(parts), set(parts[1::2])


@pytest.mark.parametrize(
    ("entity", "text"), [(entity, text) for entity, several in FOUND.items() for text in several]
)
def test_it_is_found(entity, text):
    plain, values = marked(text)
    assert {
        value for value in found(plain, entity) if not any(value in other for other in values - {value})
    } == values
    assert all(each.entity in KINDS for each in engine.patterns(plain))


@pytest.mark.parametrize(
    ("entity", "text"), [(entity, text) for entity, several in LEFT_ALONE.items() for text in several]
)
def test_it_is_left_alone(entity, text):
    assert found(text, entity) == set()


@pytest.mark.parametrize("entity", ["CREDIT_CARD", "EMAIL_ADDRESS", "PHONE_NUMBER", "US_SSN", "DATE_TIME"])
def test_only_what_is_wanted_is_looked_for(entity):
    text = "4111 1111 1111 1111 ann@example.com +49 30 901820 SSN 536-22-1234 May 5, 2021"
    assert {each.entity for each in engine.patterns(text, frozenset((entity,)))} >= {entity}
    others = {"CREDIT_CARD", "EMAIL_ADDRESS", "PHONE_NUMBER", "DATE_TIME"} - {entity}
    assert not others & {each.entity for each in engine.patterns(text, frozenset((entity,)))}


# --- names ---


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("my name is Zorblax Quux", "Zorblax Quux"),
        ("Dr. Zorblax van der Quux was here", "Zorblax van der Quux"),
        ("Name: Zorblax Quux\nAge: 5", "Zorblax Quux"),
        ("Dear Zorblax,", "Zorblax"),
        ("ich heiße Zorblax Quux", "Zorblax Quux"),
        ("I met Maria Gonzalez there", "Maria Gonzalez"),
        ("my wife Zorblax said so", "Zorblax"),
        ("MY NAME IS ZORBLAX QUUX", "ZORBLAX QUUX"),
        ("Hello José-Luis, come in", "José-Luis"),
    ],
)
def test_names_that_words_announce_are_found(text, name):
    people = {text[each.start : each.end] for each in engine.names(text, ()) if each.entity == "PERSON"}
    assert name in people


@pytest.mark.parametrize(
    "text",
    [
        "Dear Customer,",
        "Hello there, how are you",
        "Hi Team",
        "my name is not important",
        "Python and Java",
        "The Street",
    ],
)
def test_words_that_are_no_names_are_left_alone(text):
    assert [text[each.start : each.end] for each in engine.names(text, ()) if each.entity == "PERSON"] == []


def test_a_name_found_once_is_found_everywhere():
    text = "my name is Zorblax Quux.\nZorblax,1\nQuux,2\nzorblaxian"
    spans = sorted(
        {text[each.start : each.end] for each in engine.names(text, ()) if each.rule == "repeated names"}
    )
    assert spans == ["Quux", "Zorblax", "Zorblax Quux"]


def test_spans_of_the_language_model_are_cut_where_structure_ends_them():
    text = "Zorblax Quux\nof Fnord | Blorp"
    spans = [(0, len(text), "PERSON"), (16, 21, "LOCATION"), (0, 7, "WORK")]
    result = {(text[each.start : each.end], each.entity) for each in ner.findings_of(text, spans)}
    assert result == {("Zorblax Quux", "PERSON"), ("Fnord", "LOCATION")}


@given(st.text(characters, max_size=60))
def test_the_text_that_is_read_is_as_long(text):
    assert len(ner.as_read(text)) == len(text)


# --- any text ---

EVERYTHING = rule_set(
    *(PrivacyRule(entity=entity, threshold=0.0) for entity in KINDS),
    PrivacyRule(entity="CUSTOM", deny=("word",)),
    names=True,
)
_PIECES = (
    "4111 1111 1111 1111", "ann@example.com", "+49 30 901820", "DE89 3704 0044 0532 0130 00", "12 Main Street", "Dr. ", "my name is ", "Zorblax",
    "May 5, 2021", "aged 34", "www.example.org", "\ud83d", "😀", "\u202e", "e\u0301", "ß", "İ", "ﬁ", "ǅ", "٣٤٥٦", "²³", " ", "\n", "-", "(", "\u017f", "K",
)  # fmt: skip
any_text = st.one_of(
    st.text(characters, max_size=80),
    st.lists(st.sampled_from(_PIECES), max_size=8).map("".join),
    st.text("1 -.()/:+@aA", max_size=80),
)


@given(any_text)
def test_whatever_the_text_a_finding_is_in_it(text):
    spans = [(0, len(text), "PERSON"), (len(text) // 2, len(text), "ORGANIZATION")]
    for each in (*engine.patterns(text), *engine.names(text, spans), *found_by_name(text, None)):
        assert 0 <= each.start < each.end <= len(text)
        assert 0 <= each.score <= 1
        assert each.entity in KINDS


@given(any_text)
def test_each_kind_alone_is_what_all_together_find(text):
    together = set(engine.patterns(text))
    for entities, _ in engine.RECOGNIZERS:
        assert set(engine.patterns(text, entities)) <= together


@given(any_text, st.integers(0, 6))
def test_islands_are_stretches_of_the_text_and_hold_its_digits(text, least):
    seen = set()
    for offset, stretch in islands(text, least_digits=least):
        assert text[offset : offset + len(stretch)] == stretch
        assert sum(map(str.isdecimal, stretch)) >= least
        seen.update(range(offset, offset + len(stretch)))
    if least <= 1 and len(text) < 400:
        assert all(place in seen for place, letter in enumerate(text) if letter.isdecimal())


@given(any_text, st.integers(0, 20), st.integers(0, 20))
def test_what_is_around_digits_is_a_stretch_of_the_text(text, before, after):
    seen = set()
    for offset, stretch in around_digits(text, before=before, after=after):
        assert text[offset : offset + len(stretch)] == stretch
        seen.update(range(offset, offset + len(stretch)))
    for place, letter in enumerate(text):
        if letter.isdecimal():
            assert set(range(max(0, place - before), min(len(text), place + after))) <= seen


@pytest.mark.parametrize(
    "unit",
    [
        "1234567890",
        "1 ",
        "a ",
        "A ",
        "@",
        "(",
        "x",
        "X",
        "\n",
        "Key-",
        "1-",
        "a.",
        "AA11 ",
        "may 1 ",
        "://a:",
        "password: ",
        "eyJ",
        "é",
        "\\",
        "<",
        "_",
    ],
)
def test_long_texts_of_one_thing_are_gone_through(unit):
    text = unit * (100_000 // len(unit))
    for offset, findings in parts_of(text, EVERYTHING):
        assert all(offset + each.end <= len(text) for each in findings)


def test_what_presidio_s_recognizers_find_is_written_down():
    found = {entity for each in of_identifiers() for entity in each.supported_entities}
    assert tuple(sorted(found)) == ENTITIES
