"""Screens at counters: a tablet or a TV that shows a code, and another one soon after."""
