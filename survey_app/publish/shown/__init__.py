"""Figures as people get them: on pages and in files, the same digits in both."""
