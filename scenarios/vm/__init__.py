"""A virtual machine on a stock distribution kernel: sch_netem and openvswitch wherever the host has neither.

Needs neither root nor any module of the host's kernel: the kernel package is fetched and unpacked, never installed.
May import `scenarios`, `topologies` and `hostio`.
"""
