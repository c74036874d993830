"""The rows, one small file a family. Import a row from its own file."""
