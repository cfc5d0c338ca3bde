"""What only the laptop runs: nothing here is deployed, and nothing that is deployed imports it."""
