from itertools import pairwise

from accounts.policy import key_text
from accounts.policy.roles import CAPABILITIES, Capability, roles_with


def test_a_key_matches_itself_and_nothing_else():
    text = key_text.compose(key_id="a" * 12, secret="b" * 40)
    stored = key_text.key_digest(text)
    assert key_text.key_id_of(text) == "a" * 12
    assert key_text.matches(text, stored)
    assert not key_text.matches(text[:-1] + "c", stored)
    assert not key_text.matches("\ud800", stored)


def test_what_is_no_key_has_no_id():
    for text in ("", "gh_", "gh_short_x", "sk-123", "gh__", "GH_" + "a" * 12 + "_x", "gh_" + "a" * 12):
        assert key_text.key_id_of(text) is None


def test_a_role_can_what_lesser_roles_can():
    order = ["owner", "admin", "developer", "reviewer", "viewer"]
    for greater, lesser in pairwise(order):
        assert CAPABILITIES[greater] >= CAPABILITIES[lesser]
    assert roles_with(Capability.MANAGE_OWNERS) == {"owner"}
