"""Probes of links, and canaries through relays: the measurements on which the controller decides."""
