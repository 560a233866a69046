"""Probes of links and canaries through relays: what the controller knows of the network."""
