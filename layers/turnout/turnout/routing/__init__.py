"""Which targets, in which order, and why. Pure: what is known comes in as arguments."""
