"""Fidelity checks of the testbed, which must all hold before the media of a run are judged. Pure.

May import `results.ledger`, `results.metrics`, `results.run_files`, `relay_app.locks`, `topologies` and `hostio`.
"""
