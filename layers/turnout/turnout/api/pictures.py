"""Where a picture may be: in the request itself, or at a public https URL, which vendors fetch and we never do.

A vendor may be a server in the operator's own network, so what it fetches must not be the client's way into it. A name
that resolves to an address in there cannot be told without asking the DNS; docs/threats.md says what holds then.
"""

import binascii
import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import urlsplit

DATA_URL = re.compile(r"data:(image/[\w.+-]+);base64,", re.IGNORECASE)
LONGEST_URL = 8192
"""Characters; the longest signed URLs of object stores have a quarter of it."""
INTERNAL = frozenset({"localhost", "local", "internal", "intranet", "lan", "home", "corp", "arpa", "onion"})
"""Last labels of names that no public DNS answers: https://www.iana.org/assignments/special-use-domain-names"""

_NUMERIC = re.compile(r"\d+|0x[0-9a-f]*", re.IGNORECASE)


def picture(url: str) -> str:
    """`url`, checked. Raises ValueError with what it must be."""
    if url.startswith("https://"):
        return _fetchable(url)
    head = DATA_URL.match(url)
    if not head or head.end() == len(url):
        raise ValueError("must be an https URL or data:image/<type>;base64,<data>")
    try:
        binascii.a2b_base64(url[head.end() :], strict_mode=True)
    except ValueError as error:
        raise ValueError(f"holds base64 that cannot be decoded: {error}") from None
    return url


def _fetchable(url: str) -> str:
    if len(url) > LONGEST_URL:
        raise ValueError(f"may have at most {LONGEST_URL} characters; send the picture itself as data:image/...")
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        raise ValueError("is no URL") from None
    if parts.username is not None or "\\" in url:
        raise ValueError("must name a host alone, without a user and without a backslash")
    if not _public(host.rstrip(".")):
        raise ValueError("must name a public host; send what only your network has as data:image/...")
    return url


def _public(host: str) -> bool:
    if ":" in host:
        return _routed(IPv6Address, host)
    last = host.rpartition(".")[2]
    if _NUMERIC.fullmatch(last):  # an address, in one of the many ways that browsers take: only the usual one passes
        return _routed(IPv4Address, host)
    return "." in host and last.lower() not in INTERNAL


def _routed(kind: type[IPv4Address | IPv6Address], host: str) -> bool:
    try:
        address = kind(host)
    except AddressValueError:
        return False
    inner = isinstance(address, IPv6Address) and (address.ipv4_mapped or address.sixtofour or address.teredo)
    return address.is_global and not inner and not address.is_multicast
