"""What every room's jobs share: how far one is, the files they leave, the setting of type."""
