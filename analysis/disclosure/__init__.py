"""Statistical disclosure control of small counts: what to hide, and whether it stays hidden."""
