"""Checks of answers compiled, each once per process."""

import logging
from functools import lru_cache
from typing import Any

import msgspec

from prompts.rollout.policy.answer_check import AnswerCheck, checks_of

logger = logging.getLogger(__name__)


def compiled_checks(checks: Any) -> AnswerCheck | None:
    """The checks of an experiment or a rollout; None where there are none, or they can't be used."""
    return _compiled_checks(msgspec.json.encode(checks, order="deterministic")) if checks else None


@lru_cache(maxsize=256)
def _compiled_checks(checks: bytes) -> AnswerCheck | None:
    try:
        return AnswerCheck(checks_of(msgspec.json.decode(checks)))
    except Exception:  # it was looked through when it was written; calls go on without what nobody foresaw
        logger.exception("the checks of an experiment or a rollout can't be compiled")
        return None
