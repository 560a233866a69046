"""The media side: RTP, sessions and their cache, the relay, the media clients and the probes.

It uses addresses and ports and does not know how the network is emulated. May import `hostio`.
"""
