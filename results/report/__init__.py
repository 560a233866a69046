"""What a person reads: tables, plots, and the rows of the terminal. It can be redone at any time.

May import `results.verdict`, `results.ledger`, `results.metrics`, `results.run_files`, `relay_app`,
`relay_app.locks`, `topologies` and `hostio`.
"""
