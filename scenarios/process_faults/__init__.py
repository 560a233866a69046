"""Faults on relays, controller, directory and switches: end, freeze, slow down or cut off, and start a successor.

May import `scenarios`, `scenarios.language`, `scenarios.supervision`, `results.run_files`, `controller`, `relay_app`,
`relay_app.forwarding`, `relay_app.probing`, `relay_app.relay`, `relay_app.sessions`, `topologies`, `topologies.bpf`,
`topologies.tc` and `hostio`.
"""
