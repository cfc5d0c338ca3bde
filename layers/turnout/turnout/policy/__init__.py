"""What is learned from the record: pure sums over rows, and what follows from them."""
