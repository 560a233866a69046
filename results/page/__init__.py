"""The page of a run, `report.html`: what it shows is computed here, drawn by Bokeh, and written as one file that needs
no network.

May import `results.comparison`, `results.report`, `results.verdict`, `results.bounds`, `results.fidelity`,
`results.metrics`, `results.run_files`, `results.sweeps`, `controller`, `relay_app`, `relay_app.locks`, `topologies` and
`hostio`.
"""
