"""One run, on both sides of its sandbox: starts its processes, plays its faults, stops it and collects its records.

May import `scenarios`, `scenarios.language`, `scenarios.process_faults`, `scenarios.supervision`, `results.page`,
`results.report`, `results.run_files`, `results.verdict`, `relay_app`, `relay_app.clients`, `relay_app.forwarding`,
`relay_app.locks`, `relay_app.probing`, `relay_app.relay`, `relay_app.sessions`, `relay_app.webrtc`, `topologies`,
`topologies.bpf`, `topologies.netem`, `topologies.wire` and `hostio`.
"""
