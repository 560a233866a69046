"""Life cycle of a run's processes, whatever they do: start, readiness, end, and succession by a new life.

May import `results.run_files`, `relay_app` and `hostio`.
"""
