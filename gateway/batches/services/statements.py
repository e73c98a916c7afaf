"""What ends batches, for gateways and workers alike: one transaction of these, in this order."""

STOP = """
    UPDATE gateway_batch SET state = %(state)s::text, ending = %(ending)s::text,
        cancelling_at = CASE WHEN %(state)s::text = 'cancelling' THEN %(now)s::timestamptz ELSE cancelling_at END,
        finalizing_at = CASE WHEN %(state)s::text = 'finalizing' THEN %(now)s::timestamptz ELSE finalizing_at END
        , look_at = NULL
    WHERE id = %(id)s AND state IN ('validating', 'in_progress') RETURNING id"""
"""No more calls are made of a batch. Who makes jobs of it has its row locked: after this there come no others."""
STOP_JOBS = """
    UPDATE gateway_job j SET state = 'cancelled', ended_at = %(now)s::timestamptz, request = NULL, sent_at = NULL
    FROM gateway_batch b
    WHERE j.batch_id = %(id)s AND j.state = 'queued' AND b.id = j.batch_id AND b.state IN ('cancelling', 'finalizing') AND b.mode <> 'batch_inference'"""
"""Those that wait; calls under way go on."""
RELEASE = "SELECT gatehouse_unreserve(ARRAY[%(id)s]::uuid[])"
"""Lets go of what a batch still holds."""
RELEASE_STOPPED = f"{RELEASE} FROM gateway_batch WHERE id = %(id)s AND mode <> 'batch_inference'"
"""The same when it is stopped: what batch inference has made is charged to its hold first."""
