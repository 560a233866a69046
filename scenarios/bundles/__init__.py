"""Bundles: a run directory as one archive, which is read with distrust, and what of its makers is left out of one.

May import `scenarios`, `scenarios.language`, `scenarios.run`, `results`, `results.run_files` and `hostio`.
"""
