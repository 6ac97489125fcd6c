"""The address that phones reach this machine by."""

import socket
from types import SimpleNamespace

import pytest

from sdqviz.server import network
from sdqviz.server.hosts import hosts


def with_interfaces(monkeypatch, *addresses: str) -> None:
    found = [SimpleNamespace(family=socket.AF_INET, address=one) for one in addresses]
    monkeypatch.setattr(network.psutil, "net_if_addrs", lambda: {"any": found})


@pytest.mark.parametrize(
    ("out", "others", "told"),
    [
        ("192.168.1.7", ["127.0.0.1", "172.17.0.1"], "192.168.1.7"),
        ("", ["127.0.0.1", "169.254.3.4", "10.0.0.9"], "10.0.0.9"),  # no way out: any interface
        ("0.0.0.0", ["127.0.0.1"], ""),
        ("", [], ""),
    ],
)
def test_it_is_none_that_only_this_machine_has(monkeypatch, out, others, told):
    monkeypatch.setattr(network, "_way_out", lambda: out)
    with_interfaces(monkeypatch, *others)
    assert network.lan_address() == told


def test_this_machines_own_is_one_that_the_app_answers_to():
    address = network.lan_address()
    assert not address or hosts(public=True).knows(address)
