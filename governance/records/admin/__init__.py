from governance.records.admin.keys import RawAccessAdmin, TeamKeyAdmin
from governance.records.admin.people import KnownPersonAdmin
from governance.records.admin.unknown_callers import UnknownCallerAdmin

__all__ = ["KnownPersonAdmin", "RawAccessAdmin", "TeamKeyAdmin", "UnknownCallerAdmin"]
