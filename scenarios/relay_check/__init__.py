"""Plays the packet contract with one relay program, step by step, and says what does not hold.

May import `scenarios`, `scenarios.language`, `scenarios.process_faults`, `scenarios.supervision`, `results.run_files`,
`relay_app`, `relay_app.probing`, `relay_app.sessions`, `topologies` and `hostio`.
"""
