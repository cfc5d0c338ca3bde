"""What CloudWatch and X-Ray are told of each request: a line of log, metrics and a trace. On Lambda only."""
