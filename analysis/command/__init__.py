"""The command line: the door of the library, and the only place of it that reads files."""
