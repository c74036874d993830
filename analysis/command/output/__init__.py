"""Figures as text, CSV and JSON, and files written whole or not at all."""
