"""Was the testbed itself faithful? Limits, and the checks that a run must pass before its media are judged. Pure."""
