"""The command line: what an operator does to the record, from any machine that may reach the tables."""
