"""Session state: the directory, which holds every record, and the cache that a relay fills from it.

May import `relay_app`, `relay_app.locks` and `hostio`.
"""
