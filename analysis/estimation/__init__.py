"""From sums to estimates, their variance and their intervals."""
