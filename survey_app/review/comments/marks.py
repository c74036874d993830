"""What the patterns of numbers that stay and of those that go share."""

HIDDEN = "[…]"
DASHES = "\\-\u2010-\u2015"  # for a class of symbols
LETTER = r"[^\W\d_]"
