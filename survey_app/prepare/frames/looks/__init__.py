"""The way of a dossier list into a frame: sent, its columns matched, looked at, accepted."""
