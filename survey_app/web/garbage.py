"""When a web worker looks for garbage: in a moment of rest, not in the middle of somebody's page.

CPython stops all threads while it walks through every object that has stayed (Python documentation, "gc").
In a worker that keeps a country's offices and figures this takes 45 ms, more than the page it falls into. So
the worker does it when nobody has asked for a second, and then sets what is left aside: a look that must come
in a busy hour has little to walk through.
"""

import gc

# Of the youngest two generations, CPython's own. The third waits for rest; a worker that has none looks all
# the same, some 1.4 million new objects later.
THRESHOLDS = (700, 10, 200)
WORTH_A_LOOK = 10  # looks through the middle generation since the last whole one: CPython's own measure


def keep_what_is_loaded() -> None:
    """Set the program itself aside, which no look needs to walk through, and put looks off until a rest."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)


def look_while_nobody_waits() -> None:
    """Let go of all garbage, also of what was kept and has become garbage since, and set the rest aside."""
    if gc.get_count()[2] >= WORTH_A_LOOK:
        gc.unfreeze()
        gc.collect()
        gc.freeze()
