"""The rows that the classifier is fitted on: the same n-grams and signals, over the same windows, as it scores by."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from governance.management.screening_training.corpus import LabelledText
from governance.screening.policy import rules
from governance.screening.policy.classifier import RULE_EVIDENCE
from governance.screening.policy.grams import BUCKETS, Grams, grams
from governance.screening.policy.normalise import normalise
from governance.screening.policy.signals import COLUMNS, in_windows, signals
from governance.screening.policy.windows import wide_ones, windows

WIDTH = BUCKETS + len(COLUMNS)


@dataclass(frozen=True)
class Rows:
    """A sparse matrix; `text` says which text each row is of, `whole` whether it is a wide part of it."""

    matrix: Any
    text: NDArray[np.int64]
    whole: NDArray[np.bool_]
    evidence: NDArray[np.float64]
    doublings: NDArray[np.float64]


def rows(examples: list[LabelledText]) -> Rows:
    """One row for each text, and one for each window of a long one."""
    from scipy.sparse import csr_matrix

    columns: list[NDArray[np.int64] | NDArray[np.uint32]] = []
    values: list[NDArray[np.float32]] = []
    owner: list[int] = []
    whole: list[bool] = []
    evidence: list[float] = []
    doubled: list[float] = []
    for number, example in enumerate(examples):
        normalised = normalise(example.text)
        all_signals = signals(raw=example.text, normalised=normalised)
        found = grams(normalised.text).once()
        ranges, doublings = windows(normalised.text, by_sentence=example.role != rules.USER)
        doubled += doublings
        parts = in_windows(all_signals, clean=normalised.text, ranges=ranges)
        for at, ((start, end), part) in enumerate(zip(ranges, parts, strict=True)):
            column, value = _row(found, start, end)
            signal = part.row()
            held = np.flatnonzero(signal)
            columns.append(np.concatenate([column, held + BUCKETS]))
            values.append(np.concatenate([value, signal[held]]))
            owner.append(number)
            whole.append(at < wide_ones(found.length))
            evidence.append(RULE_EVIDENCE * part.evidence(example.role))
    pointers = np.concatenate([[0], np.cumsum([len(column) for column in columns])])
    matrix = csr_matrix(
        (np.concatenate(values), np.concatenate(columns).astype(np.int32), pointers),
        shape=(len(owner), WIDTH),
    )
    matrix.sum_duplicates()
    return Rows(matrix, np.array(owner), np.array(whole), np.array(evidence), np.array(doubled))


def _row(found: Grams, start: int, end: int) -> tuple[NDArray[np.uint32], NDArray[np.float32]]:
    columns = [np.zeros(0, dtype=np.uint32)]
    for kind in found.kinds:
        first = int(np.searchsorted(kind.starts, start))
        behind = max(first, int(kind.behind(np.array([end]))[0]))
        columns.append(kind.buckets[first:behind])
    values = [np.full(len(column), 1 / np.sqrt(max(1, len(column))), dtype=np.float32) for column in columns]
    return np.concatenate(columns), np.concatenate(values)
