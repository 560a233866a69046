"""Clusters and the links between them: as frozen data, and as a network on this machine.

May import `hostio`, `topologies.bpf`, `topologies.netem` and `topologies.wire`.
"""
