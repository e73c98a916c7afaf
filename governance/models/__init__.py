from governance.models.alert import Alert, AlertChannel, Delivery
from governance.models.audit_record import AuditRecord, BodyState, CallStatus, WireFormat
from governance.models.budget import Budget, BudgetWindow
from governance.models.call_review import CallReview
from governance.models.content import (
    AuditContent,
    ContentIndex,
    ContentIndexState,
    SealedContent,
)
from governance.models.feedback import Feedback
from governance.models.grant import Grant
from governance.models.hold import GatewayInstance, Hold
from governance.models.ledger_entry import LedgerEntry
from governance.models.limit_request import LimitRequest
from governance.models.privacy import PrivacyPolicy, PrivacyPolicyVersion, RedactionRule
from governance.models.rate_limit import RateLimit
from governance.models.raw_access import RawAccess
from governance.models.reconciliation import AwsImport, BilledLine, LoggedInvocation, RejectedLine
from governance.models.scope import Dimension, Scoped
from governance.models.team_key import TeamKey
from governance.models.tip import Tip
from governance.models.usage import RollupState, UsageDay, UsageEndUserDay, UsageFeature, UsageQuarterHour

__all__ = [
    "Alert",
    "AlertChannel",
    "AuditContent",
    "AuditRecord",
    "AwsImport",
    "BilledLine",
    "BodyState",
    "Budget",
    "BudgetWindow",
    "CallReview",
    "CallStatus",
    "ContentIndex",
    "ContentIndexState",
    "Delivery",
    "Dimension",
    "Feedback",
    "GatewayInstance",
    "Grant",
    "Hold",
    "LedgerEntry",
    "LimitRequest",
    "LoggedInvocation",
    "PrivacyPolicy",
    "PrivacyPolicyVersion",
    "RateLimit",
    "RawAccess",
    "RedactionRule",
    "RejectedLine",
    "RollupState",
    "Scoped",
    "SealedContent",
    "TeamKey",
    "Tip",
    "UsageDay",
    "UsageEndUserDay",
    "UsageFeature",
    "UsageQuarterHour",
    "WireFormat",
]
