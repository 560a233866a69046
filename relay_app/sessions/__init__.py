"""Session state: the directory that holds every record, and the cache that a relay fills from it."""
