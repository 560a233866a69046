"""One run, from both sides of its sandbox: its processes, its faults in time, and its end in good order."""
