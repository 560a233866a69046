"""The processes of a run, whatever they do: how each is started, is ready, ends, and is succeeded by another.

May import `results.run_files`, `relay_app` and `hostio`.
"""
