"""People: their accounts and roles, who gives and ends them, and links to a new password."""
