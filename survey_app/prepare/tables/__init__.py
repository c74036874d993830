"""Tables that offices send, from CSV or a spreadsheet: read within limits, each fault told with its place."""
