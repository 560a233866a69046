"""The SDN controller: path health and rerouting as pure logic, and the OpenFlow app that performs it.

May import `relay_app`, `topologies` and `hostio`.
"""
