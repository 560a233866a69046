"""Sweeps: the same scenario with many values, each run once, its result kept by the key of what was played.

May import `scenarios`, `scenarios.language`, `results.comparison`, `results.page`, `results.run_files`,
`results.sweeps` and `hostio`.
"""
