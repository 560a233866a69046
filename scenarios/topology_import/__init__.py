"""Makes topology files from graphs and from tables of round-trip times.

May import `scenarios`, `scenarios.language`, `topologies` and `hostio`.
"""
