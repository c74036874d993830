"""Which figures differ: from a target, from each other, from another year."""
