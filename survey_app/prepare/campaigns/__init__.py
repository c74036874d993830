"""Campaigns: what is asked, from when to when, and by whom."""
