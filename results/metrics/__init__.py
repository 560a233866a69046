"""Computes figures from records: matched packets, interruptions, loss, delay, relays, the machine. Pure.

May import `results.run_files`, `controller`, `relay_app`, `relay_app.clients`, `relay_app.locks`, `topologies` and
`hostio`.
"""
