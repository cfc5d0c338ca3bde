"""The vendor simulators, judged by the vendors' own SDKs and byte by byte on the wire."""
