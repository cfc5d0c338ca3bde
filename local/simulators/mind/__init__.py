"""What a simulated model says: pure functions from a chat to an answer, the same for all vendors."""
