"""What a page is like for whoever sees little, hears it read out, or uses no pointer."""
