"""On what paper codes are printed: what pages offer and the job sets."""

LAYOUTS = ("a5", "a4", "tent", "labels")
DEFAULT_LAYOUT = "a5"
LABELS_A_SHEET = 18
