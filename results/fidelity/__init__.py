"""Was the testbed itself faithful? The checks that a run must pass before its media are judged. Pure.

May import `results.ledger`, `results.metrics`, `results.run_files`, `relay_app.locks`, `topologies` and `hostio`.
"""
