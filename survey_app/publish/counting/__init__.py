"""Responses become counts: packed tallies, what came since, and the answers that are reported."""
