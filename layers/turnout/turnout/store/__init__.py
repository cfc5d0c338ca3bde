"""What is kept in AWS: the request log and the clients' keys, in DynamoDB."""
