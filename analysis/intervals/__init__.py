"""Confidence intervals of proportions: of a simple random sample, and of a design."""
