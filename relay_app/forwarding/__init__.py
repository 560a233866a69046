"""A relay's packet path: the compiled loop that forwards, its interface to the control side, and the log of packets not
forwarded.

May import `relay_app`, `relay_app.locks`, `relay_app.sessions` and `hostio`.
"""
