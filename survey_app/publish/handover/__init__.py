"""A frozen publication as people take it along: annex, sheets of offices, a report, what re-computes it."""
