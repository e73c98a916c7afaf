"""PURE: the state of one call, from admission to its audit record."""

from gateway.call.call import DEFAULT_STORAGE, AnswerBlock, Call, Round

__all__ = ["DEFAULT_STORAGE", "AnswerBlock", "Call", "Round"]
