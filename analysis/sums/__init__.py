"""Sums per primary sampling unit that add up over batches, days and machines."""
