"""The relay process: what keeps a packet path supplied with sessions, watches it, and records it.

May import `relay_app`, `relay_app.forwarding`, `relay_app.locks`, `relay_app.sessions`, `relay_app.versions` and
`hostio`.
"""
