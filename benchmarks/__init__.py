"""What the README claims, measured: each module prints a table and is run by hand or by a make target."""
