"""Several runs as one set: spread and verdict of repeated runs, and which of two sets is better.

Pure, but for `run_sets`, which reads and writes files.

May import `results.bounds`, `results.ledger`, `results.metrics`, `results.report`, `results.run_files`,
`results.verdict` and `hostio`.
"""
