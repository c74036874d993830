"""The form: its page from the definition, and what comes back from it."""
