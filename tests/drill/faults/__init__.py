"""All faults: each file here has a tuple of its own, `FAULTS`."""

from importlib import import_module
from pkgutil import iter_modules

from tests.drill.fault import Fault

FAULTS: tuple[Fault, ...] = tuple(
    fault
    for module in sorted(each.name for each in iter_modules(__path__))
    for fault in import_module(f"{__name__}.{module}").FAULTS
)
