"""Classic BPF programs for packet sockets and tc, built purely.

May import nothing of the project.
"""
