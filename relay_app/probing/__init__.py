"""Probes of links and canaries through relays: what the controller knows of the network.

May import `relay_app`, `relay_app.clients`, `relay_app.sessions` and `hostio`.
"""
