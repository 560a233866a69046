"""The SDN controller: detectors turn evidence into health, a policy turns health into moves, moves become flow rules.

`app` holds the I/O, `openflow` the switch connections; all else is pure. May import `controller.detectors`,
`controller.policies`, `relay_app`, `topologies` and `hostio`.
"""
