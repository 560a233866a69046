"""The life of one session, packet by packet, out of the records of a run. Pure.

May import `results.ledger`, `results.metrics`, `results.run_files`, `controller`, `relay_app`, `topologies` and
`hostio`.
"""
