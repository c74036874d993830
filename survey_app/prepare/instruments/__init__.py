"""Instrument definitions: the files they come from, the check that lets them in, and their publishing."""
