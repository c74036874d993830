"""Staff: their accounts, signing in and out, and the first page."""
