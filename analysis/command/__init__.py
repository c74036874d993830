"""The command line: the door of the library, where files of people are read and written."""
