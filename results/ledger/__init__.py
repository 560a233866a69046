"""Where did every packet go? Routes of single packets, balances of stations, and whether the two agree. Pure.

May import `results.metrics`, `results.run_files`, `relay_app` and `topologies`.
"""
