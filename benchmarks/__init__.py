"""Figures that the documentation states, measured anew by `scripts/bench`. May import every other room."""
