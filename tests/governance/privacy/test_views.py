"""Whatever the spelling of a value, it is found, and hidden from its first sign to its last."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.privacy.policy.detection import looked_through
from governance.privacy.policy.presets import OBSERVE
from governance.privacy.policy.privacy import InForce, PrivacyRule, combined
from governance.privacy.policy.recognition.views import view_of
from governance.privacy.policy.ruleset import RuleSet
from governance.screening.policy.findings import Finding
from tests.governance.privacy.samples import characters, mask_of, rule_set, unmasked

RULES = RuleSet(combined((InForce("Organisation", 1, OBSERVE.document),)))

SPELLINGS = [
    "4111\u00a01111\u00a01111\u00a01111", "4111\u20111111\u20111111\u20111111", "4111\u2009–\u20091111 1111\u202f1111", "４１１１ １１１１ １１１１ １１１１", "٤١١١ ١١١١ ١١١١ ١١١١", "𝟒𝟏𝟏𝟏 𝟏𝟏𝟏𝟏 𝟏𝟏𝟏𝟏 𝟏𝟏𝟏𝟏",
    "4️⃣1️⃣1️⃣1️⃣ 1111 1111 1111", "❹①①① 1111 1111 1111", "4\u200b111 11\u00ad11 1111 1111", "4\u03361\u03361\u03361\u0336 1111 1111 1111", "4111.1111.1111.1111", "4111_1111_1111_1111", "4111 1111\n1111 1111",
    "4111 <b>1111</b> 1111 1111", "4111 **1111** 1111 1111", "4111&nbsp;1111&#160;1111&#xa0;1111", "4111%201111%201111%201111", "4111\\u00a01111\\u00a01111\\u00a01111", "+1\u00a0415\u00a0555\u00a00134", "+1‑415‑555‑0134",
    "＋１ ４１５ ５５５ ０１３４", "+1&nbsp;415&nbsp;555&nbsp;0134", "+1%20415%20555%200134", "DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000", "123\u201145\u20116789", "12\u00a0Elm\u00a0Street", "12 **Elm** Street", "192․168․17․4",
    "192.168.<b>17</b>.4", "jane.roe%40example.org", "jane.roe%2540example.org", "jane%2Eroe%40example%2Eorg", "jane.roe&#64;example.org", "jane.roe&#x40;example&period;org", "jane.roe&amp;#64;example.org",
    "jane.roe&commat;example.org", "jane.roe\\u0040example.org", "jane.roe\\x40example.org", "jane.roe=40example.org", "jane.roe=40example=2Eorg", "jane.r=\noe@example.org", "=?utf-8?q?jane.roe=40example.org?=",
    "=?utf-8?B?amFuZS5yb2VAZXhhbXBsZS5vcmc=?=", "jane.**roe**@example.org", "jane.<span style='x'>roe</span>@example.org", "jane.roe<!-- x -->@example.org", "jane\\_roe@example.org", "jane\\.roe\\@example\\.org",
    "jane.roe＠example.org", "ｊａｎｅ.ｒｏｅ@ｅｘａｍｐｌｅ.ｏｒｇ", "jаne.rоe@exаmple.org", "𝓳𝓪𝓷𝓮.𝓻𝓸𝓮@𝓮𝔁𝓪𝓶𝓹𝓵𝓮.𝓸𝓻𝓰", "ⓙⓐⓝⓔ@ⓔⓧⓐⓜⓟⓛⓔ.ⓞⓡⓖ", "jane@example。org", "jane dot roe at example dot org", "jane.roe [at] example.org",
    "jane.roe (at) example (dot) org", "jane.roe{at}example.org", "jane.roe_at_example.org", "jane.roe@example[.]org", "jane.roe @ example.org", "janeroe arroba example punto es", "jane punkt roe ät example punkt de",
    "jane.roe chiocciola example punto it", "jane arobase example point fr", "jane.roe apenstaartje example punt nl", "jane.roe@intranet.internal", "jane@build.lan", "jane@mail.corp", "jane@firma.example", "jane@server.local",
]  # fmt: skip


@pytest.mark.parametrize("value", SPELLINGS)
def test_a_value_is_hidden_in_every_spelling(value):
    text = f"Here it is: {value} - keep it."
    (hit,) = looked_through(text, RULES).to_model
    assert text[hit.start : hit.end] == value
    mask = mask_of(RULES)
    shown = mask.hide(text)
    assert unmasked(mask, shown) == text


def test_admins_own_words_are_found_in_every_spelling():
    rules = rule_set(
        PrivacyRule(entity="WORD", deny=("Bluebird",)), PrivacyRule(entity="CODE", patterns=("CU-[0-9]{4}",))
    )
    for text in ("Blue\u200bbird", "Ｂｌｕｅｂｉｒｄ", "Blue&#98;ird", "CU\u20111234", "CU-<b>12</b>34"):
        assert mask_of(rules).hide(text).startswith("<")


@pytest.mark.parametrize(
    "text",
    ["plain words", "Grüße aus München, señor Ñandú", "Привет, как дела?", "你好，世界", "100% of 5 = 5", "f(a, b) & g(c)", "x = a * b", "snake_case_name", "C:\\users\\x"],
)  # fmt: skip
def test_ordinary_texts_read_as_they_are_written(text):
    view = view_of(text)
    assert view is None or (
        view.text.casefold().replace("\\", "") != "" and looked_through(text, RULES).is_clean
    )


_PIECES = ("%40", "&#64;", "&amp;", "\\u0040", "=\n", "=40", "**", "_", "<b>", "</b>", '<a href="x">', "＠", "\u200b", "а", "٤", "𝟒", "=?utf-8?q?a?=", "<!--x-->", "a", "1", " ", "\n", "\ud83d", "&", "%", "\\", "`")  # fmt: skip


@given(
    st.one_of(st.lists(st.sampled_from(_PIECES), max_size=20).map("".join), st.text(characters, max_size=40)),
    st.data(),
)
def test_whatever_is_found_in_a_view_is_in_the_text(text, data):
    view = view_of(text)
    if view is None or not view.text:
        return
    start = data.draw(st.integers(0, len(view.text) - 1))
    end = data.draw(st.integers(start + 1, len(view.text)))
    found = view.back(Finding(start, end, "X", 1.0, "x"))
    assert found is None or 0 <= found.start < found.end <= len(text)


@pytest.mark.parametrize(
    "unit",
    [
        "а",
        "аb ",
        "４",
        "%40",
        "&#64;",
        "*1",
        "\\u0040",
        "<b>1</b>",
        "\u200b",
        "=?u",
        "<!--",
        "<b ",
        "[at]",
        "jane dot ",
        "=2E",
        "𝟒",
    ],
)
def test_long_texts_of_one_trick_are_gone_through(unit):
    looked_through(unit * (60_000 // len(unit)), RULES)
