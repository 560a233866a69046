"""The media side: RTP, sessions and their cache, the relay, the media clients and the probes.

May import `hostio` only; it does not know how its network was made.
"""
