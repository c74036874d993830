"""The publications' figures as open data: two forms of the same rows, and a dictionary of their columns."""
