"""What two people decide about a campaign and its codes: pausing, closing early, re-opening, publishing."""
