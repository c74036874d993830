"""Responses become figures: release, frozen publications, pages and files."""
