"""Where an office stands among others: rank sets, tie bands, the probability of being among the last."""
