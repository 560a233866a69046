"""Clusters and the WAN links between them: as frozen data, and as a network of namespaces on this machine.

May import `hostio`, `topologies.bpf`, `topologies.netem` and `topologies.wire`.
"""
