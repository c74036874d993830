"""Released counts become figures: datasets for the analysis, breakdowns, trends and distributions."""
