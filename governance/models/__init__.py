from governance.models.audit_record import AuditContent, AuditRecord, CallStatus, WireFormat
from governance.models.budget import Budget, BudgetWindow
from governance.models.hold import GatewayInstance, Hold
from governance.models.ledger_entry import LedgerEntry

__all__ = [
    "AuditContent",
    "AuditRecord",
    "Budget",
    "BudgetWindow",
    "CallStatus",
    "GatewayInstance",
    "Hold",
    "LedgerEntry",
    "WireFormat",
]
