"""PURE: the state of one call, from admission to its audit record."""

from gateway.call.call import Call, NotReachedError
from gateway.call.groups import AnswerBlock, Round

__all__ = ["AnswerBlock", "Call", "NotReachedError", "Round"]
