"""Which figures are hidden so that no small one can be worked out."""
