"""Faults on relays, controller and directory: end, freeze, slow down or cut off a process, and start its successor.

May import `scenarios.language`, `scenarios.supervision`, `results.run_files`, `controller`, `relay_app`,
`relay_app.forwarding`, `relay_app.probing`, `relay_app.relay`, `relay_app.sessions`, `topologies`, `topologies.bpf`,
`topologies.tc` and `hostio`.
"""
