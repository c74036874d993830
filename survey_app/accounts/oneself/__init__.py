"""What everybody does with his own account: password, phone, recovery codes, open sessions."""
