"""Advertisements as bytes: layout of the RFCs, checksums, and refusals."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hasim.units import MILLISECOND, SECOND
from hasim.vrrp.wire import MULTICAST_V4, MULTICAST_V6, Advertisement, WireError, decode, encode

SOURCE = IPv4Address("10.0.1.11")
ADVERT = Advertisement(2, 51, 100, SECOND, (IPv4Address("10.0.1.100"),))


def test_version_2_has_the_layout_of_rfc_3768() -> None:
    message = encode(ADVERT, SOURCE, MULTICAST_V4)
    assert message[:6] == bytes([0x21, 51, 100, 1, 0, 1])
    assert message[8:12] == IPv4Address("10.0.1.100").packed
    assert message[12:] == bytes(8)


def test_version_3_counts_the_interval_in_centiseconds_and_has_no_authentication() -> None:
    advert = Advertisement(3, 7, 200, 100 * MILLISECOND, (IPv4Address("10.0.1.100"),))
    message = encode(advert, SOURCE, MULTICAST_V4)
    assert message[:6] == bytes([0x31, 7, 200, 1, 0, 10])
    assert len(message) == 12


def test_simple_text_authentication_travels_in_the_last_eight_bytes() -> None:
    advert = Advertisement(2, 51, 100, SECOND, (), b"1111")
    message = encode(advert, SOURCE, MULTICAST_V4)
    assert message[4] == 1
    assert message[-8:] == b"1111\0\0\0\0"
    assert decode(message, SOURCE, MULTICAST_V4) == advert


def test_version_3_checksum_covers_the_pseudo_header() -> None:
    advert = Advertisement(3, 7, 200, SECOND, (IPv6Address("fe80::1"),))
    message = encode(advert, IPv6Address("fe80::b"), MULTICAST_V6)
    with pytest.raises(WireError, match="checksum"):
        decode(message, IPv6Address("fe80::c"), MULTICAST_V6)


@given(
    version=st.sampled_from([2, 3]),
    router_id=st.integers(1, 255),
    priority=st.integers(0, 255),
    interval=st.integers(1, 255),
    addresses=st.lists(st.ip_addresses(v=4), max_size=20),
)
def test_what_was_encoded_decodes_to_the_same(
    version: int, router_id: int, priority: int, interval: int, addresses: list[IPv4Address]
) -> None:
    unit = SECOND if version == 2 else 10 * MILLISECOND
    advert = Advertisement(version, router_id, priority, interval * unit, tuple(addresses))
    assert decode(encode(advert, SOURCE, MULTICAST_V4), SOURCE, MULTICAST_V4) == advert


@given(position=st.integers(0, 19), flip=st.integers(1, 255))
def test_any_changed_byte_is_noticed(position: int, flip: int) -> None:
    message = bytearray(encode(ADVERT, SOURCE, MULTICAST_V4))
    message[position] ^= flip
    with pytest.raises(WireError):
        decode(bytes(message), SOURCE, MULTICAST_V4)


@pytest.mark.parametrize("message", [b"", b"\x21", bytes(8), bytes([0x22]) + bytes(19), bytes([0x41]) + bytes(19)])
def test_what_is_no_advertisement_is_refused(message: bytes) -> None:
    with pytest.raises(WireError):
        decode(message, SOURCE, MULTICAST_V4)


@pytest.mark.parametrize(
    "advert",
    [
        Advertisement(2, 51, 100, 500 * MILLISECOND, ()),
        Advertisement(2, 0, 100, SECOND, ()),
        Advertisement(3, 51, 300, SECOND, ()),
        Advertisement(3, 51, 100, SECOND, (), b"1111"),
        Advertisement(2, 51, 100, SECOND, (), b"123456789"),
        Advertisement(4, 51, 100, SECOND, ()),
        Advertisement(3, 51, 100, SECOND, (IPv6Address("::1"),)),
    ],
)
def test_what_does_not_fit_its_field_is_refused(advert: Advertisement) -> None:
    with pytest.raises(WireError):
        encode(advert, SOURCE, MULTICAST_V4)
