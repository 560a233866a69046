"""From records to figures: matched packets, interruptions, loss, latency, relays, the machine. Pure.

May import `results.run_files`, `controller`, `relay_app`, `relay_app.locks`, `topologies` and `hostio`.
"""
