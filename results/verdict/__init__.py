"""Makes the summary of a run: findings, diagnosis, and the verdict with its reasons. Pure.

May import `results.bounds`, `results.fidelity`, `results.ledger`, `results.metrics`, `results.oracle`,
`results.run_files`, `controller`, `relay_app`, `relay_app.locks` and `topologies`.
"""
