"""The command line: commands, what a person at a terminal sees, and whether this machine can run scenarios."""
