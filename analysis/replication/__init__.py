"""Variance by replication: jackknife, Rao-Wu bootstrap, and replicate weights that came with the data."""
