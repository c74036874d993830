"""What files hold, as numbers, labels, ratings and designs; every fault named by line and column."""
