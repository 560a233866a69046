"""The SDN controller: path health and rerouting as pure logic, and the OpenFlow app that performs it.

May import `topologies`' model, the probe reports of `relay_app`, and `hostio`.
"""
