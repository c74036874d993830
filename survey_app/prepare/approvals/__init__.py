"""What two people decide about a campaign and its codes: pausing, resuming, closing early, re-opening, publishing."""
