"""Reads scenario files, starts and stops all processes of a run, and plays the scenario's timeline on them.

May import `results`, `controller`, `relay_app`, `topologies` and `hostio`.
"""
