"""The places of processes that a scenario may end, freeze, slow down or cut off, and whoever follows them."""
