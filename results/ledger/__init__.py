"""The packet ledger: routes of single packets, balances of stations, and what the two do not explain. Pure.

May import `results.metrics`, `results.run_files`, `relay_app` and `topologies`.
"""
