"""From figures to judgement: findings, diagnosis, verdict with its reasons, and the summary of all. Pure.

May import `results.fidelity`, `results.ledger`, `results.metrics`, `results.run_files`, `controller`, `relay_app`,
`relay_app.locks` and `topologies`.
"""
