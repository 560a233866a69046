"""A relay's packet path: the compiled loop that forwards, its threads, and the log of what became of packets.

May import `relay_app`, `relay_app.locks`, `relay_app.sessions` and `hostio`.
"""
