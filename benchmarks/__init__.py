"""Figures that the documentation states, measured anew by `scripts/bench`.

May import `scenarios`, `results`, `controller`, `relay_app`, `topologies` and `hostio`.
"""
