"""Reports for people, made of a run directory: tables, plots, and the rows of the terminal.

May import `results.verdict`, `results.bounds`, `results.ledger`, `results.metrics`, `results.run_files`,
`relay_app`, `relay_app.locks`, `topologies` and `hostio`.
"""
