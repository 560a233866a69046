"""The files of a run directory: what is planned, what happened, what was recorded; how each is written and read.

May import `controller`, `relay_app`, `relay_app.locks`, `relay_app.versions`, `topologies` and `hostio`.
"""
