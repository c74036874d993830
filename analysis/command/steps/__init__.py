"""What the commands do: from options to figures, comparisons, weights and draws."""
