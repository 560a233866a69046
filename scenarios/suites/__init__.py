"""The standard scenarios against relay versions: played one after another, and where each version stands.

May import `results.run_files`, `results.verdict` and `hostio`.
"""
