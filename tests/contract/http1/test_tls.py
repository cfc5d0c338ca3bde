"""Connections over TLS: to whom the certificate names, and to nobody else."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from turnout.http1.connections import Connections, Origin, Unreached, trusted, with_alpn

REQUEST = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n"


def certified(folder: Path, name: str) -> Path:
    """A file with a certificate for that host name and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "server.pem"
    file.write_bytes(private + certificate.public_bytes(pem))
    return file


class Server(asyncio.Protocol):
    """Says what protocol was agreed on."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        spoken = (self.transport.get_extra_info("ssl_object").selected_alpn_protocol() or "nothing").encode()
        self.transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(spoken), spoken))


async def asked(file: Path, ours: ssl.SSLContext | None) -> list[bytes]:
    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    theirs.load_cert_chain(file)
    theirs.set_alpn_protocols(["h2", "http/1.1"])
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0, ssl=theirs)
    async with server:
        origin, kept = Origin("https", "localhost", server.sockets[0].getsockname()[1]), Connections(ours)
        told = [(await kept.whole(origin, REQUEST, 5.0))[1] for _ in range(2)]
        kept.close()
        return told


async def test_it_speaks_http_1_1_over_tls_with_whom_the_certificate_names(tmp_path: Path) -> None:
    file = certified(tmp_path, "localhost")
    trusting = with_alpn(ssl.create_default_context(cafile=str(file)))
    assert await asked(file, trusting) == [b"http/1.1"] * 2


async def test_another_name_is_not_reached(tmp_path: Path) -> None:
    file = certified(tmp_path, "elsewhere.test")
    with pytest.raises(Unreached, match="certificate"):
        await asked(file, with_alpn(ssl.create_default_context(cafile=str(file))))


async def test_a_certificate_that_nobody_vouches_for_is_not_reached(tmp_path: Path) -> None:
    with pytest.raises(Unreached, match="certificate"):
        await asked(certified(tmp_path, "localhost"), None)
    assert trusted().verify_mode == ssl.CERT_REQUIRED
