"""PURE: long texts, screened a piece at a time so that no step takes long."""

from collections.abc import Iterable, Iterator

from governance.screening.policy.guards import Guards
from governance.screening.policy.verdict import ScreeningOutcome, ScreeningVerdict, Thresholds, screen_text

MAX_PIECE_LENGTH = 4_000
_OVERLAP = 400
"""Characters that a piece shares with the next, so that nothing hides at a cut."""
_ORDER = (ScreeningOutcome.CLEAN, ScreeningOutcome.SUSPICIOUS, ScreeningOutcome.INJECTION)


def screening_pieces(text: str) -> Iterator[tuple[int, str]]:
    """The text in overlapping pieces, each with its offset; a short one as it is."""
    if len(text) <= MAX_PIECE_LENGTH:
        yield 0, text
        return
    for start in range(0, len(text) - _OVERLAP, MAX_PIECE_LENGTH - _OVERLAP):
        yield start, text[start : start + MAX_PIECE_LENGTH]


def whole(parts: Iterable[tuple[int, ScreeningVerdict]]) -> ScreeningVerdict:
    """The verdict on a text from those on its pieces: the worst, with the reasons of all, spans in the whole text."""
    several = list(parts)
    if len(several) == 1:
        return several[0][1]
    spans: list[tuple[int, int]] = []
    for start, end in sorted(
        (at + start, at + end) for at, verdict in several for start, end in verdict.spans
    ):
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    worst = sorted((verdict for _, verdict in several), key=lambda verdict: -verdict.score)
    return ScreeningVerdict(
        score=worst[0].score,
        verdict=max((verdict.verdict for verdict in worst), key=_ORDER.index),
        reasons=tuple(dict.fromkeys(reason for verdict in worst for reason in verdict.reasons)),
        spans=tuple(spans),
    )


def screen_whole(
    text: str, *, role: str, thresholds: Thresholds, with_spans: bool = True, guards: Guards | None = None
) -> ScreeningVerdict:
    """The verdict on a text of any length, as calls get it."""
    return whole(
        [
            (
                at,
                screen_text(piece, role=role, thresholds=thresholds, with_spans=with_spans, guards=guards),
            )
            for at, piece in screening_pieces(text)
        ]
    )
