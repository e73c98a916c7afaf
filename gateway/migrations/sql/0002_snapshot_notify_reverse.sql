DROP FUNCTION gatehouse_notify_snapshot() CASCADE;
