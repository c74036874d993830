"""All offices below one, against the target and among each other: a page, its print, its file."""
