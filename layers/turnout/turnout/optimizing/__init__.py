"""A run of the optimizer, from what was counted to a report and a policy; in the order that a crash cannot harm."""
