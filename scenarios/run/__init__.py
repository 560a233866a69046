"""One run, from both sides of its sandbox: its processes, its faults in time, and its end in good order.

May import `scenarios`, `scenarios.language`, `scenarios.process_faults`, `scenarios.supervision`, `results.report`,
`results.run_files`, `results.verdict`, `relay_app`, `relay_app.clients`, `relay_app.forwarding`, `relay_app.probing`,
`relay_app.relay`, `relay_app.sessions`, `topologies`, `topologies.netem`, `topologies.wire` and `hostio`.
"""
