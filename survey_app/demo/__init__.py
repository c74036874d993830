"""The demo: made-up provinces, loaded through the rooms as a user would walk, and removed whole."""
