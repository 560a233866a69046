"""Faults on relays, controller and directory: ends, freezes, slows or cuts off a process, and starts its successor.

May import `scenarios.language`, `scenarios.supervision`, `results.run_files`, `controller`, `relay_app`,
`relay_app.forwarding`, `relay_app.probing`, `relay_app.relay`, `relay_app.sessions`, `topologies`, `topologies.bpf`,
`topologies.tc` and `hostio`.
"""
