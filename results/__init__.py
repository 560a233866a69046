"""What happened in a run: the run directory, metrics, ledger, fidelity, verdict, plots and reports.

May import `controller`, `relay_app`, `topologies` and `hostio`.
"""
