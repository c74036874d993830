"""Staff sign in."""
