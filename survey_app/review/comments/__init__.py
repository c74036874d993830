"""Comments that ask for no answer: read in batches, without numbers that name a person."""
