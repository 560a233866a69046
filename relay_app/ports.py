"""Ports of every cluster's host: of media between clusters, and beside them."""

from __future__ import annotations

LANES = 16
"""UDP ports for media between clusters; a stream keeps one. A controller can so move media in sixteenths."""

LANE_PORT = 40000
"""The first lane's UDP port, the same at every relay."""

SENDER_PORT = 39999
"""The UDP port from which a cluster's media client sends: fixed, so that the flows' hashes depend on the plan alone."""

ANSWER_PORT = 39998
"""UDP port from which a client sends refreshes, and at which it receives the answers; they are no media."""

CLIENT_PORT = 42000
"""The UDP port at which a cluster's media client receives from its relay."""

CANARY_PORT = 41000
"""UDP port at which a prober receives its canaries: counted as media, but no lane, so that no reroute moves them."""

REFRESH_PORT = 41001
"""UDP port at which a client receives refreshes from its relay: counted as media, but no lane."""

MEDIA_PORTS = (LANE_PORT, CLIENT_PORT)
"""First and last UDP port to which media goes between clusters."""

GATEWAY_PORT = 43000
"""UDP port of the loopback network at which a cluster's media client receives what publishers send."""

PROBE_PORT = 8610
"""UDP port at which probers receive probes. It is no lane, so a reroute does not move it and it goes on measuring the
direct link."""

REFLECTION_PORT = 8611
"""UDP port from which probers send probes, and to which they are reflected."""

CONNECTION_PORT = 8620
"""TCP port where connections are answered. It is no lane: reroutes do not move them."""

SIGNALLING_PORT = 8700
"""TCP port of the first WebRTC call's signalling, at its second cluster's host; each further call has the next one."""

DIRECTORY_PORT = 6379
"""TCP port of the session directory: the default one of Redis."""
