"""What a process needs of the machine: compiled loops, batched datagrams, its network namespace, a control pipe.

The lowest room: it knows nothing of clusters, links or media. May import nothing of the project.
"""
