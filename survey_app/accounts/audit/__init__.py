"""The audit log, for those who watch over it."""
