"""How far the machine's own doings can have moved each metric: hold-ups, their effect, intervals. Pure.

May import `results.run_files`, `results.metrics`, `results.fidelity`, `controller`, `relay_app`, `relay_app.locks`,
`topologies` and `hostio`.
"""
