"""The files of a run directory: what is planned, what happened, what was recorded; how each is written and read."""
