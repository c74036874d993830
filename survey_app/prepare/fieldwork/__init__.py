"""The fieldwork of a drawn sample: its letters, what became of each unit, replacement by rule, progress."""
