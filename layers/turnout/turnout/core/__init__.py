"""The language of the product: values, events, errors and ports. No I/O; imports nothing of ours."""
