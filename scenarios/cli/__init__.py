"""The command line: output to the terminal, exit codes, and checks of whether this machine can run scenarios.

May import `scenarios`, `scenarios.language`, `scenarios.process_faults`, `scenarios.relay_check`, `scenarios.run`,
`scenarios.suites`, `scenarios.sweeps`, `scenarios.vm`, `scenarios.watch`, `results.comparison`, `results.report`,
`results.run_files`, `results.verdict`, `controller`, `relay_app`, `relay_app.versions`, `topologies`,
`topologies.netem` and `hostio`.
"""
