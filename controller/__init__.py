"""The SDN controller: detectors turn evidence into health, a policy turns health into moves, moves become flow rules.

`app` holds the I/O, `openflow` the switch connections; all else is pure. May import `topologies`' model, the probe
reports and lanes of `relay_app`, and `hostio`.
"""
