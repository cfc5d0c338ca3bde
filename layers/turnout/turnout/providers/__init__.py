"""The vendors: HTTP, their wire formats, and the wrappers around each call."""
