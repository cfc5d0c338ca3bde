"""HTTP/1.1 for those who ask: connections that are kept, over asyncio and llhttp."""
