"""Responses leave as files: what was released alone, and where and when only as closely as five share it."""
