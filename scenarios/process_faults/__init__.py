"""Faults on relays, controller and directory: ends, freezes, slows or cuts off a process, and starts its successor."""
