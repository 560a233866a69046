"""The versions of the relay: each differs from a sound one in one thing.

May import `relay_app`, `relay_app.forwarding`, `relay_app.locks`, `relay_app.sessions` and `hostio`.
"""
