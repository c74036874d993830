"""Whether the long sets run whole (`make soak`), or the part of them for which the gate has time."""

import os

SOAK = os.environ.get("SOAK") == "yes"
