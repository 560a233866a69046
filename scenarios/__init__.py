"""Wires everything: reads scenario files, plays their timeline, starts and stops every process of a run.

May import every other room; only `run_scenario.py` stands above it.
"""
