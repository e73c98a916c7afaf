"""Passages of documents: along their structure, never too long, nothing lost."""

from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kernel.tokenizer import count_tokens
from prompts.knowledge.policy.blocks import BlockKind, TextBlock, from_json, to_json
from prompts.knowledge.policy.chunking import chunk, sentences

HEADING, PARAGRAPH, LIST, TABLE, CODE = (
    BlockKind.HEADING,
    BlockKind.PARAGRAPH,
    BlockKind.LIST,
    BlockKind.TABLE,
    BlockKind.CODE,
)
SENTENCES = [f"Sentence number {n} says something about the rules of leave." for n in range(60)]


def test_passages_carry_the_headings_above_them():
    blocks = [
        TextBlock(HEADING, "Handbook", 1),
        TextBlock(HEADING, "Leave", 2),
        TextBlock(PARAGRAPH, "Thirty days a year."),
        TextBlock(HEADING, "Sickness", 2),
        TextBlock(PARAGRAPH, "Call by nine."),
        TextBlock(HEADING, "Travel", 1),
        TextBlock(PARAGRAPH, "By train."),
    ]
    found = [(piece.headings, piece.text) for piece in chunk(blocks, most_tokens=100, overlap_tokens=10)]
    assert found == [
        ("Handbook \u203a Leave", "Thirty days a year."),
        ("Handbook \u203a Sickness", "Call by nine."),
        ("Travel", "By train."),
    ]


def test_short_blocks_share_a_passage_and_long_prose_is_cut_between_sentences():
    short = chunk(
        [TextBlock(PARAGRAPH, "One."), TextBlock(LIST, "- a\n- b")], most_tokens=50, overlap_tokens=0
    )
    assert [piece.text for piece in short] == ["One.\n\n- a\n- b"]
    long = chunk([TextBlock(PARAGRAPH, " ".join(SENTENCES))], most_tokens=80, overlap_tokens=0)
    assert len(long) > 5
    assert [each for piece in long for each in sentences(piece.text)] == SENTENCES


def test_the_end_of_prose_is_said_again_in_whole_sentences():
    pieces = chunk([TextBlock(PARAGRAPH, " ".join(SENTENCES))], most_tokens=80, overlap_tokens=30)
    for before, after in pairwise(pieces):
        first = sentences(after.text.replace("\n\n", " "))[0]
        assert first in sentences(before.text.replace("\n\n", " "))[-2:]
        assert after.tokens <= 80


def test_nothing_is_said_again_across_headings():
    blocks = [
        TextBlock(PARAGRAPH, SENTENCES[0]),
        TextBlock(HEADING, "Next", 1),
        TextBlock(PARAGRAPH, SENTENCES[1]),
    ]
    assert chunk(blocks, most_tokens=50, overlap_tokens=40)[1].text == SENTENCES[1]


def test_each_part_of_a_table_has_its_header():
    rows = [f"{n} | row number {n}" for n in range(80)]
    pieces = chunk([TextBlock(TABLE, "\n".join(["id | text", *rows]))], most_tokens=60, overlap_tokens=20)
    assert len(pieces) > 5
    assert all(piece.text.startswith("id | text\n") for piece in pieces)
    assert [row for piece in pieces for row in piece.text.split("\n")[1:]] == rows


def test_lists_and_code_are_cut_between_lines():
    for kind, lines in ((LIST, [f"- item {n} of many" for n in range(80)]), (CODE, ["    x = 1;"] * 80)):
        pieces = chunk([TextBlock(kind, "\n".join(lines))], most_tokens=50, overlap_tokens=0)
        assert [row.strip() for piece in pieces for row in piece.text.split("\n")] == [
            x.strip() for x in lines
        ]


def test_abbreviations_end_no_sentence():
    text = "See Dr. Miller, i.e. the one in St. Paul. She knows! Does she? Yes."
    assert sentences(text) == ["See Dr. Miller, i.e. the one in St. Paul.", "She knows!", "Does she?", "Yes."]


def test_a_word_without_end_is_cut():
    pieces = chunk([TextBlock(PARAGRAPH, "x" * 5000)], most_tokens=50, overlap_tokens=10)
    assert all(piece.tokens <= 50 for piece in pieces)
    assert "".join(piece.text.replace("\n\n", "") for piece in pieces).count("x") >= 5000


WORDS = st.text(alphabet=st.sampled_from("abc de. fß漢🙂\n|-"), max_size=400)
BLOCKS = st.lists(st.builds(TextBlock, st.sampled_from(BlockKind), WORDS, st.integers(1, 4)), max_size=8)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(BLOCKS, st.integers(8, 60), st.integers(0, 30))
def test_passages_are_short_enough_and_keep_every_character(blocks, most, overlap):
    pieces = chunk(blocks, most_tokens=most, overlap_tokens=overlap)
    assert all(0 < count_tokens(piece.text) == piece.tokens for piece in pieces)
    # Joints between parts may cost a token each.
    assert all(piece.tokens <= most + piece.text.count("\n\n") + 2 for piece in pieces)
    said = "".join("".join(piece.text.split()) for piece in pieces)
    for block in blocks:
        if block.kind is not HEADING:
            for word in block.text.split():
                for start in range(0, len(word), 2):
                    assert word[start : start + 2] in said or len(word) > 2
    assert from_json(to_json(blocks)) == blocks
