"""How many to ask, how to share them out over strata, and whom: draws that replay bit for bit."""
