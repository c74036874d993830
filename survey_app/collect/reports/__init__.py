"""Reports of codes that are wrong, pasted over or torn."""
