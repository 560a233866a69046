"""Figures that the documentation states, measured anew by `scripts/bench`: whole runs, and relays under load."""
