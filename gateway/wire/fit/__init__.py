"""PURE: a request held against what a model can do: repaired and said, or refused by name, before it costs anything."""

from gateway.wire.fit.fit import Fit, fit
from gateway.wire.fit.work import Adjustment

__all__ = ["Adjustment", "Fit", "fit"]
