"""Clusters and the links between them: as frozen data, and as a network on this machine.

May import `hostio`, `topologies.bpf` and `topologies.netem`.
"""
