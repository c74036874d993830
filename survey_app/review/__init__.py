"""What somebody should look at: cases to answer, reports of codes, responses beyond their day's budget."""
