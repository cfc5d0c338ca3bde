"""`make bench`: Turnout beside two other gateways, measured in one run against a vendor that answers at once."""
