"""The media side: RTP, sessions and their cache, the relay, the media clients and the probes.

It does not know how its network was made. May import `hostio`.
"""
