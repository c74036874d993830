"""Drafts, freezing and addenda of plans, as people write them."""
