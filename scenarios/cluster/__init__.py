"""Plays the runs of a sweep on several machines, by Dask: scheduler, workers, and the executor of the sweep. Only here
are dask, distributed and cryptography imported, and this room only where a sweep is to go to other machines.

All that Dask sends is encrypted, and whoever has the certificate may have any code run as the worker's user: there is
no way without it.

May import `scenarios`, `scenarios.sweeps`, `results.comparison`, `results.run_files` and `results.sweeps`.
"""
