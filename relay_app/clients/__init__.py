"""What stands at the ends of a session: the media client that sends and records, and the holder of TCP connections.

May import `relay_app` and `hostio`.
"""
