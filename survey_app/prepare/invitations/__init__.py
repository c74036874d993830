"""Invitations: batches of single-use tokens, what becomes of them, and the files that carry them out."""
