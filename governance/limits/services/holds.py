"""What becomes of the holds of a process that died."""

import logging

from django.db import connection

from governance.limits.services.ledger import SILENT_SECONDS

logger = logging.getLogger(__name__)

_BATCH = 500


def expire_holds(*, silent_seconds: float = SILENT_SECONDS) -> int:
    """Expires every hold whose time is over or whose process has gone silent; the number of them.

    The rule: such a call is charged its whole hold, which is the most it can have cost, flagged as estimated. Should
    its process come back and settle it, the difference is posted as a correction.
    """
    total = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM gatehouse_expire(%s, %s)", (silent_seconds, _BATCH))
            count = int(cursor.fetchone()[0])
        total += count
        if count < _BATCH:
            break
    if total:
        logger.warning("expired %d holds of calls that never settled; charged in full, as estimated", total)
    return total
