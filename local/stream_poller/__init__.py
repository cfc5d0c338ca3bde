"""What Lambda does between a table's stream and a function, on this machine: it reads, filters, batches and retries.

The embedded AWS has such a poller, but it knows no retry limit, no bisecting and no partial responses. This one reads
its settings from the template's own event source mapping, calls the real handler in its process, and remembers where it
was: killed at any point and started again, it delivers each record at least once.
https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html
"""
