"""A long-lived `tc -batch` process, and the cut of the control connections, which uses it as netem does.

May import `topologies`, `topologies.bpf` and `hostio`.
"""
