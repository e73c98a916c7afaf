import random
import string
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.policy import key_text
from governance.screening.policy.secrets import RULE, entropy, find_secrets

DICE = random.Random(3)
ALNUM = string.ascii_letters + string.digits


def drawn(count, letters=ALNUM):
    """Made up here, so that no file of the project holds what looks like a real key."""
    return "".join(DICE.choice(letters) for _ in range(count))


UPPER = string.ascii_uppercase + "234567"
HEX = "0123456789abcdef"
SECRETS = [
    ("GATEHOUSE_KEY", key_text.compose(key_id=drawn(12), secret=drawn(40))),
    ("AWS_ACCESS_KEY_ID", "AKIA" + drawn(16, UPPER)),
    ("BEDROCK_API_KEY", "ABSK" + drawn(60)),
    ("GITHUB_TOKEN", "ghp_" + drawn(36)),
    ("GITHUB_TOKEN", "github_pat_" + drawn(22)),
    ("GITLAB_TOKEN", "glpat-" + drawn(20)),
    ("SLACK_TOKEN", "xoxb-" + drawn(12, string.digits) + "-" + drawn(24)),
    ("STRIPE_KEY", "sk_live_" + drawn(24)),
    ("ANTHROPIC_KEY", "sk-ant-api03-" + drawn(60)),
    ("OPENAI_KEY", "sk-proj-" + drawn(48)),
    ("GOOGLE_KEY", "AIza" + drawn(35)),
    ("TWILIO_KEY", "SK" + drawn(32, HEX)),
    ("SENDGRID_KEY", f"SG.{drawn(22)}.{drawn(43)}"),
    ("NPM_TOKEN", "npm_" + drawn(36)),
    ("PYPI_TOKEN", "pypi-" + drawn(60)),
    ("JWT", f"eyJ{drawn(30)}.eyJ{drawn(60)}.{drawn(43)}"),
]


@pytest.mark.parametrize(("entity", "secret"), SECRETS, ids=lambda value: value[:12])
@pytest.mark.parametrize("around", ["{}", "use {} please", 'key = "{}"', "({}),", "Bearer {}\n"])
def test_each_kind_is_found_whole(entity, secret, around):
    text = around.format(secret)
    found = [(finding.entity, text[finding.start : finding.end]) for finding in find_secrets(text)]
    assert (entity, secret) in found
    assert len(found) == 1


@pytest.mark.parametrize(
    ("text", "entity", "value"),
    [
        ("AccountName=x;AccountKey={};", "AZURE_KEY", drawn(86) + "=="),
        ("aws_secret_access_key = {}", "AWS_SECRET_KEY", drawn(40)),
        ("postgres://app:{}@db.example.com:5432/x", "CONNECTION_STRING", "hunter22"),
        ("redis://:{}@cache.example.com", "CONNECTION_STRING", "abcDEF99"),
        ('"db_password": "{}"', "ASSIGNED_SECRET", "Tr4vel-Light!"),
        ("api_key={}", "ASSIGNED_SECRET", drawn(32)),
        ("My password is {}", "ASSIGNED_SECRET", "s3cretPa55"),
        ("Passwort: {}", "ASSIGNED_SECRET", "Sommer#2019"),
    ],
)
def test_only_the_value_is_the_secret(text, entity, value):
    whole = text.format(value)
    (finding,) = find_secrets(whole)
    assert (finding.entity, whole[finding.start : finding.end], finding.rule) == (entity, value, RULE)


@pytest.mark.parametrize("label", ["RSA ", "EC ", "OPENSSH ", "", "ENCRYPTED "])
def test_private_keys_are_found_to_their_end(label):
    key = f"-----BEGIN {label}PRIVATE KEY-----\n{drawn(64)}\n{drawn(64)}\n-----END {label}PRIVATE KEY-----"
    (finding,) = find_secrets(f"here:\n{key}\nthanks")
    assert finding.entity == "PRIVATE_KEY"
    assert finding.end - finding.start == len(key)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "What is the password policy? A password must have eight letters.",
        "password = os.environ['PASSWORD']",
        "api_key: YOUR_API_KEY",
        'token = "<your token>"',
        "secret: changeme",
        "password: required",
        "token=xxxxxxxxxxxx",
        "the secret is kindness",
        "https://example.com:8080/path?user=a@b",
        "ssh://git@example.com/repo.git",
        "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "The task_id is 3f2a9c and the sk- prefix stands for secret key",
        "commit 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
        "tokens: 4096, max_tokens=200000",
        "gh_short_key",
    ],
)
def test_what_is_no_secret_is_left_alone(text):
    assert find_secrets(text) == ()


@given(st.text(st.characters(codec=None, categories=None), max_size=300))
def test_any_text_is_taken(text):
    findings = find_secrets("password=" + text)
    assert all(one.end <= two.start for one, two in pairwise(findings))


@given(st.sampled_from(SECRETS), st.text(max_size=40))
def test_a_secret_is_found_wherever_it_stands(known, before):
    entity, secret = known
    text = f"{before} {secret} {before}"
    assert entity in {finding.entity for finding in find_secrets(text)}


@pytest.mark.parametrize(
    "unit",
    ["password=", "aws ", "a://", "http://a:", "eyJ", "eyJ.", "a_", "sk-", "-----BEGIN PRIVATE KEY-----"],
)
def test_what_nearly_is_a_secret_over_and_over_ends(unit):
    find_secrets(unit * (100_000 // len(unit)))


def test_entropy():
    assert entropy("") == 0
    assert entropy("aaaa") == 0
    assert entropy("abcd") == 2
