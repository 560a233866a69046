"""Both ends of sessions: the media client, which sends and records RTP, and the process that holds TCP connections.

May import `relay_app`, `relay_app.sessions` and `hostio`.
"""
