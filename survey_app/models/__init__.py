"""The rows, one small file a family, and how their values are written. Import each from its own file."""
