"""The versions of the relay: each differs from the sound one in one thing. May import what relays are made of."""
