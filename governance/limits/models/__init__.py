from governance.limits.models.budget import Budget, BudgetWindow
from governance.limits.models.grant import Grant
from governance.limits.models.hold import GatewayInstance, Hold
from governance.limits.models.ledger_entry import LedgerEntry
from governance.limits.models.limit_request import LimitRequest
from governance.limits.models.rate_limit import RateLimit
from governance.limits.models.scope import Dimension, Scoped
from governance.limits.models.worker_pulse import WorkerPulse

__all__ = [
    "Budget",
    "BudgetWindow",
    "Dimension",
    "GatewayInstance",
    "Grant",
    "Hold",
    "LedgerEntry",
    "LimitRequest",
    "RateLimit",
    "Scoped",
    "WorkerPulse",
]
