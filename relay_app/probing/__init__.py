"""Probes of links, and canaries through relays: the measurements on which the controller decides.

May import `relay_app`, `relay_app.clients`, `relay_app.sessions` and `hostio`.
"""
