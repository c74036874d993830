"""Responses become figures: release, frozen publications, pages."""
