"""Mutexes shared by Python threads and compiled loops, and the audit of how they are used.

May import `hostio`.
"""
