"""Access to the machine: compiled loops, batched datagrams, network namespaces, clocks, /proc, a control pipe.

The lowest room: it knows nothing of clusters, links or media. May import nothing of the project.
"""
