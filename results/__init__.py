"""From the files of a run to its verdict: run directory, metrics, ledger, fidelity, verdict, plots and reports.

May import `controller`, `relay_app`, `topologies` and `hostio`.
"""
