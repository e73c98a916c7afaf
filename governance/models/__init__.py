from governance.models.audit_record import AuditContent, AuditRecord, CallStatus, WireFormat
from governance.models.budget import Budget, BudgetWindow
from governance.models.grant import Grant
from governance.models.hold import GatewayInstance, Hold
from governance.models.ledger_entry import LedgerEntry
from governance.models.rate_limit import RateLimit
from governance.models.scope import Dimension, Scoped
from governance.models.usage import RollupState, UsageDay, UsageEndUserDay, UsageFeature, UsageHour

__all__ = [
    "AuditContent",
    "AuditRecord",
    "Budget",
    "BudgetWindow",
    "CallStatus",
    "Dimension",
    "GatewayInstance",
    "Grant",
    "Hold",
    "LedgerEntry",
    "RateLimit",
    "RollupState",
    "Scoped",
    "UsageDay",
    "UsageEndUserDay",
    "UsageFeature",
    "UsageHour",
    "WireFormat",
]
