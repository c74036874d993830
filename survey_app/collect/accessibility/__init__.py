"""What is done so that everybody can answer, and what is not yet known."""
