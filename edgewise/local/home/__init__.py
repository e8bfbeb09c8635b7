"""What stands for the stack's home Region: settle, the guard, streams, schedules, metrics, alarms, alerts."""
