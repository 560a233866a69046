"""WebRTC calls over TURN servers: the program that is a peer of one, what it says, and the tap that records packets.

A peer is a program of its own; nothing else of the project imports what it is made of. May import `relay_app` and
`hostio`.
"""
