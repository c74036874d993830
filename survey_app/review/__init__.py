"""What somebody should look at: comments to answer, reports of codes, days with more answers than usual."""
