"""Instrument definitions: the files they come from, and the check that lets them in."""
