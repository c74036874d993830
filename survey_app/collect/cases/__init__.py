"""Comments that ask for an answer: what their writers can read, and how they may be reached."""
