from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.tags import kept_tag, personal_kind

KEY, OTHER_KEY = b"k" * 32, b"o" * 32


@pytest.mark.parametrize(
    ("tag", "kind"),
    [
        ("jane@example.com", "EMAIL_ADDRESS"), ("Jane Doe <jane@example.com>", "EMAIL_ADDRESS"), ("user:jane%40example.com", "EMAIL_ADDRESS"),
        ("+49 170 1234567", "PHONE_NUMBER"), ("(555) 010-9999", "PHONE_NUMBER"), ("078-05-1120", "PHONE_NUMBER"),
        ("10.0.0.7", "IP_ADDRESS"), ("2001:db8::1", "IP_ADDRESS"), ("DE89370400440532013000", "IBAN_CODE"),
        ("4111 1111 1111 1111", "CREDIT_CARD"), ("Jane Doe", "PERSON"), ("Doe, Jane", "PERSON"), ("jane.doe", "PERSON"),
        ("jane.doe2", "PERSON"), ("CORP\\jane.doe", "PERSON"), ("Jane_Doe", "PERSON"), ("Zoë Müller-Weiß", "PERSON"),
        ("Иван Петров", "PERSON"), ("山田太郎", "PERSON"), ("O'Brien Seán", "PERSON"),
        ("j.doe", "PERSON"), ("Jane Doe (2)", "PERSON"), ("Dr. Jane M. Doe, Sales in Zurich, second floor", "PERSON"), ("auth0|jane.doe", "PERSON"),
        ("uid=jane.doe,ou=people,dc=corp", "PERSON"), ("Jane%20Doe", "PERSON"), ("Zoë", "PERSON"), ("राम शर्मा", "PERSON"), ("محمد علي", "PERSON"),
        ("สมชาย", "PERSON"), ("Иван", "PERSON"), ("Ja\u200bne Doe", "PERSON"), ("jane+tag@bücher.example", "EMAIL_ADDRESS"),
        ("jane\uff20example.com", "EMAIL_ADDRESS"), ("079 123 45 67", "PHONE_NUMBER"), ("0170/1234567", "PHONE_NUMBER"),
        ("Jane, +41791234567", "PHONE_NUMBER"), ("whatsapp:+14155550100", "PHONE_NUMBER"), ("10.0.0.7:443", "IP_ADDRESS"),
        ("[2001:db8::1]:443", "IP_ADDRESS"), ("de89370400440532013000", "IBAN_CODE"), ("4111111111111111", "CREDIT_CARD"),
        ('{"user": {"name": "Jane Doe"}, "id": 7}', "PERSON"), ('["dev-17", {"mail": "jane@example.com"}]', "EMAIL_ADDRESS"),
        ('{"id": 7, "name": "Jane Doe", "rest": "cut sho', "PERSON"),
    ],
)  # fmt: skip
def test_what_looks_like_a_person_s_data(tag, kind):
    assert personal_kind(tag, is_person=True) == kind
    kept = kept_tag(tag, KEY, is_person=True)
    assert kept.startswith(f"<{kind}_")
    assert kept == kept_tag(f" {tag.upper()} ", KEY, is_person=True)  # however it is written
    assert kept != kept_tag(tag, OTHER_KEY, is_person=True)
    assert kept_tag(kept, KEY, is_person=True) == kept


@pytest.mark.parametrize(
    "tag",
    [
        "", "dev-17", "user_42", "17", "1700000000", "cust-000123456", "2026-11-29", "u_9f3a2c", "auth0|5f7c8ec7c33c6c004bbafe82",
        "checkout", "nightly", "team/alpha-3", "01HZX3K8Q4J7", "build-2026-11-29-07", "<PERSON_0123456789ab>",
        "arn:aws:iam::123456789012:user/dev-17", "arn:aws:sts::123456789012:assumed-role/ci/run-7", "sha256:9f86d081884c7d65", "a/b/c-1",
        "1234567890123456789", "0791234567", '{"device_id": "9f3a2c", "account_uuid": "", "n": 7}', "dev-17 🚀", "user 42", "google-oauth2|108",
        "urn:user:17", "2026-11-29 07:15", "Fg6:x_9-2",
    ],
)  # fmt: skip
def test_an_id_stays_as_it_is(tag):
    assert kept_tag(tag, KEY, is_person=True) == tag


@given(st.builds(lambda: str(uuid4())))
def test_a_uuid_stays_as_it_is(tag):
    assert kept_tag(tag, KEY, is_person=True) == tag


def test_what_is_a_name_only_of_a_person():
    assert kept_tag("Support bot", KEY) == "Support bot"
    assert kept_tag("jane@example.com", KEY).startswith("<EMAIL_ADDRESS_")
