"""The files of a run directory (plan, events, counters, raw records): their types, and how each is written and read.

May import `controller`, `relay_app`, `relay_app.locks`, `relay_app.versions`, `topologies` and `hostio`.
"""
