"""The second factor: six digits that change, recovery codes, and the page that sets it up."""
