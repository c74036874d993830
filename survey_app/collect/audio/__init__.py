"""Recorded questions: the players beside them, and the recordings themselves."""
