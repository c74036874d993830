"""The demo: a made-up province, loaded through the rooms as a user would walk, and removed whole."""
