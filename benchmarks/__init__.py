"""Benchmarks of `scripts/bench`, which measure the figures that the documentation states.

May import `scenarios`, `results`, `controller`, `relay_app`, `topologies` and `hostio`.
"""
