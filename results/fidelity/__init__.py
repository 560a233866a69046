"""Was the testbed itself faithful? The checks that a run must pass before its media are judged. Pure."""
