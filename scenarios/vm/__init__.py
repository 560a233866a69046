"""A virtual machine with the distribution's kernel, which has sch_netem and openvswitch where the host's has neither.

Needs neither root nor modules of the host's kernel: the kernel package is fetched and unpacked, not installed.
May import `scenarios`, `topologies` and `hostio`.
"""
