"""What came of a sweep: its results, the table of them, and what follows from them over its axes.

May import `results.comparison`, `results.run_files`, `results.verdict`, `results.bounds` and `hostio`.
"""
