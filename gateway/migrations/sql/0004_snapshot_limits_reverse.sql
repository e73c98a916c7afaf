DROP TRIGGER notify_snapshot ON governance_ratelimit;
DROP TRIGGER notify_snapshot ON governance_grant;
