"""Offices over time: the tree, an office's history and counters, and the file that brings them in."""
