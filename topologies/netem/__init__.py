"""Links emulated by the kernel's netem: commands for tc, and what tc answers.

May import `topologies`, `topologies.bpf`, `topologies.tc` and `hostio`.
"""
