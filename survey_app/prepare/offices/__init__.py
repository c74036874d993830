"""Offices over time, and the dossiers that they settle: the files they come from."""
