SELECT event FROM event_logs
