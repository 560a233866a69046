"""The versions of the relay; each differs from a sound one in one thing. May import the other folders of
`relay_app`."""
