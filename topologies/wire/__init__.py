"""The userspace wire: a link back end that emulates every link of a run in one process, without netem in the kernel.

May import `topologies`, `topologies.bpf` and `hostio`.
"""
