"""Who called: through proxies that are trusted, and as one of a neighbourhood that belongs to one customer."""

import pytest

from fairwatch.domain.addresses import Networks, caller, neighbourhood, parsed
from fairwatch.domain.errors import ConfigurationError

PROXIES = Networks.parse(["10.0.0.0/8", " 2001:db8::/32 ", "192.0.2.9"], "proxies")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        (" 192.0.2.7:443 ", "192.0.2.7"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("unknown", "None"),
        ("", "None"),
    ],
)
def test_an_address_is_read_with_or_without_its_port(text, address):
    assert str(parsed(text)) == address


@pytest.mark.parametrize(
    ("address", "within"),
    [("10.1.2.3", True), ("11.1.2.3", False), ("2001:db8::5", True), ("2001:db9::5", False), ("192.0.2.9", True),
     ("::ffff:10.1.2.3", True), ("nobody", False), (None, False)],
)  # fmt: skip
def test_a_network_holds_its_addresses_of_either_version(address, within):
    assert (address in PROXIES) is within


def test_of_no_networks_nobody_is_part():
    assert "10.0.0.1" not in Networks()
    assert caller("10.0.0.1", "198.51.100.1", Networks()) == "10.0.0.1"


def test_what_is_no_network_is_named_with_its_setting():
    with pytest.raises(ConfigurationError, match=r"proxies: .*write addresses like"):
        Networks.parse(["10.0.0.300"], "proxies")


@pytest.mark.parametrize(
    ("remote", "forwarded", "who"),
    [
        ("203.0.113.5", "198.51.100.1", "203.0.113.5"),  # whoever is not trusted speaks for himself
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.3", "10.0.0.3"),
        ("10.0.0.1", "198.51.100.1, unknown", "10.0.0.1"),  # nobody knows who stands behind what is no address
        ("10.0.0.1", "198.51.100.1, unknown, 10.0.0.3", "10.0.0.3"),
        ("10.0.0.1", "198.51.100.1:4711, [2001:db8::7]:443", "198.51.100.1"),
        ("::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
    ],
)
def test_the_last_hop_that_is_no_proxy_of_ours_called(remote, forwarded, who):
    assert caller(remote, forwarded, PROXIES) == who


def test_a_neighbourhood_is_one_ipv4_address_or_what_one_customer_has_of_ipv6():
    assert neighbourhood("192.0.2.7") == neighbourhood("::ffff:192.0.2.7") != neighbourhood("192.0.2.8")
    assert neighbourhood("2001:db8:0:1::1") == neighbourhood("2001:db8:0:1:ffff::2") != neighbourhood("2001:db8:0:2::1")
    assert neighbourhood("nobody") == "nobody"
