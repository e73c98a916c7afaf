from governance.records.admin.keys import RawAccessAdmin, TeamKeyAdmin
from governance.records.admin.people import KnownPersonAdmin

__all__ = ["KnownPersonAdmin", "RawAccessAdmin", "TeamKeyAdmin"]
