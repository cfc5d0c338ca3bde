"""The HTTP interface: OpenAI's wire format in and out, who may call, and how errors look."""
