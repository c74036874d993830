"""Weights made to meet totals that are known: post-stratification, raking, generalised regression."""
