"""What operators see: metrics and logs, each name in one place."""
