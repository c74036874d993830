"""Kill -9 of the processes that do a campaign's steps."""
