"""How many dossiers each office settled: the denominators of coverage, typed in or sent as a table."""
