"""A response arrives: its door."""
