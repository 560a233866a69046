"""The relay process: its control side, which fetches sessions for a packet path, and its records.

May import `relay_app`, `relay_app.forwarding`, `relay_app.locks`, `relay_app.sessions`, `relay_app.versions` and
`hostio`.
"""
