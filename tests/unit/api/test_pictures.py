"""Where a picture may be: nowhere that only somebody inside a network could reach."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnout.api.pictures import LONGEST_URL, picture

PUBLIC = [
    "https://example.com/a.png",
    "https://EXAMPLE.com:8443/a.png?signed=a%20b#c",
    "https://bücher.example/a.png",
    "https://93.184.215.14/a.png",
    "https://[2606:4700:4700::1111]/a.png",
    "https://example.com./a.png",
    "https://local.example.org/a.png",
]
INSIDE = [
    "https://localhost/a.png",
    "https://LOCALHOST./a.png",
    "https://app.localhost/a.png",
    "https://printer.local/a.png",
    "https://metadata.google.internal/computeMetadata/v1/",
    "https://intranet/a.png",
    "https://127.0.0.1/a.png",
    "https://127.1/a.png",
    "https://2130706433/a.png",
    "https://0x7f.0.0.1/a.png",
    "https://0177.0.0.1/a.png",
    "https://10.1.2.3/a.png",
    "https://172.16.0.1:443/a.png",
    "https://192.168.0.1/a.png",
    "https://100.64.0.1/a.png",
    "https://169.254.169.254/latest/meta-data/",
    "https://0.0.0.0/a.png",
    "https://224.0.0.1/a.png",
    "https://[::1]/a.png",
    "https://[fd00::1]/a.png",
    "https://[fe80::1%25eth0]/a.png",
    "https://[::ffff:127.0.0.1]/a.png",
    "https://[2002:7f00:1::]/a.png",
    "https://[64:ff9b:1::1]/a.png",
    "https:///a.png",
    "https://./a.png",
]
ODD = [
    ("https://user:secret@example.com/a.png", "without a user"),
    ("https://example.com\\@127.0.0.1/a.png", "backslash"),
    ("https://[::1/a.png", "is no URL"),
    ("https://example.com/" + "a" * LONGEST_URL, "at most"),
    ("http://example.com/a.png", "https URL"),
    ("file:///etc/passwd", "https URL"),
    ("gopher://example.com/", "https URL"),
    ("//example.com/a.png", "https URL"),
    ("HTTPS://127.0.0.1/a.png", "https URL"),
    ("data:text/html;base64,PGI+", "https URL"),
    ("data:image/png;base64,", "https URL"),
    ("data:image/png;base64,!!", "cannot be decoded"),
]


@pytest.mark.parametrize("url", PUBLIC)
def test_a_public_host_is_passed_on_as_it_is(url: str) -> None:
    assert picture(url) == url


@pytest.mark.parametrize("url", INSIDE)
def test_a_host_inside_a_network_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="public host"):
        picture(url)


@pytest.mark.parametrize(("url", "told"), ODD)
def test_what_is_no_plain_https_url_is_refused_with_the_reason(url: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        picture(url)


@given(st.ip_addresses().filter(lambda address: not address.is_global))
def test_no_address_that_is_not_public_is_passed_on(address: object) -> None:
    host = f"[{address}]" if ":" in str(address) else str(address)
    with pytest.raises(ValueError, match="public host"):
        picture(f"https://{host}/")


@given(st.text().map("https://".__add__) | st.text())
def test_whatever_else_is_sent_is_taken_or_refused_with_a_reason(url: str) -> None:
    try:
        assert picture(url) == url
    except ValueError as error:
        assert str(error)
