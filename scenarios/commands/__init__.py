"""The commands and their arguments. Only here is click imported.

The libraries of plots and tables take most of a second to import. They are imported inside the commands that report, so
that `check`, `list` and `--help` do not wait for them.

May import `scenarios`, `scenarios.bundles`, `scenarios.cli`, `scenarios.cluster`, `scenarios.language`,
`scenarios.relay_check`, `scenarios.run`, `scenarios.suites`, `scenarios.sweeps`, `scenarios.topology_import`,
`scenarios.vm`, `scenarios.watch`, `results.comparison`, `results.inspection`, `results.metrics`, `results.page`,
`results.report`, `results.run_files`, `relay_app.programs`, `relay_app.versions`, `topologies` and `hostio`.
"""
