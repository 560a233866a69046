"""The link back end netem: link states as queueing disciplines, commands for tc, and tc's output.

May import `topologies`, `topologies.bpf`, `topologies.tc` and `hostio`.
"""
