"""What stands before the first answer: offices, instruments, campaigns, codes, screens, invitations."""
