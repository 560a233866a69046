"""One long-lived `tc -batch`, and what uses it beside netem: the cut of the control connections.

May import `topologies`, `topologies.bpf` and `hostio`.
"""
