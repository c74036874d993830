"""What happens to offices: begun, renamed, moved, ended, merged, split; each asked once more."""
