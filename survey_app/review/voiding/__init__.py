"""Voiding: two people agree that the responses of some codes and days do not count."""
