"""Wires everything: reads scenario files, plays their timeline, starts and stops every process of a run.

May import `results`, `controller`, `relay_app`, `topologies` and `hostio`.
"""
