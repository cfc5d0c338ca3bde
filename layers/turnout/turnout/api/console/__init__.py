"""The console's HTTP interface: what was asked, what came of it, what it cost, and what clients thought of it."""
