"""The language of scenario and topology files: reads text, checks it, and makes the plan of a run.

May import `scenarios`, `results.metrics`, `results.run_files`, `results.verdict`, `controller`, `relay_app`,
`relay_app.clients`, `relay_app.probing`, `relay_app.programs`, `relay_app.sessions`, `relay_app.versions`, `topologies`
and `hostio`.
"""
