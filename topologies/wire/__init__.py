"""The userspace wire: emulates every link of a run in one process, where the kernel has no netem or is not to.

May import `topologies`, `topologies.bpf` and `hostio`.
"""
