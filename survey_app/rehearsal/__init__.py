"""A campaign's road walked on made-up answers, in a place of its own that is gone afterwards."""
