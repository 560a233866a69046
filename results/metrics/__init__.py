"""From records to figures: matched packets, interruptions, loss, latency, relays, the machine. Pure."""
