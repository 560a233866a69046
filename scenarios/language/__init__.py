"""The language of scenario and topology files: from text to the plan of a run, with one line for each mistake.

May import `scenarios`, `results.metrics`, `results.run_files`, `controller`, `relay_app`, `relay_app.clients`,
`relay_app.versions`, `topologies` and `hostio`.
"""
