"""Runs scenarios against relay versions, and says of each version whether it passed.

May import `results.run_files`, `results.verdict` and `hostio`.
"""
