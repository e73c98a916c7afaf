from governance.usage.models.reconciliation import AwsImport, BilledLine, LoggedInvocation, RejectedLine
from governance.usage.models.tip import Tip
from governance.usage.models.usage import (
    RollupState,
    UsageDay,
    UsageEndUserDay,
    UsageFeature,
    UsageQuarterHour,
)

__all__ = [
    "AwsImport",
    "BilledLine",
    "LoggedInvocation",
    "RejectedLine",
    "RollupState",
    "Tip",
    "UsageDay",
    "UsageEndUserDay",
    "UsageFeature",
    "UsageQuarterHour",
]
