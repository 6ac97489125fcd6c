"""Where other machines of the local network reach this one."""

import ipaddress
import socket

import psutil

_ELSEWHERE = ("192.0.2.1", 9)  # an address for documents (RFC 5737): nobody has it


def lan_address() -> str:
    """This machine's IPv4 address on the way out of it, else that of any interface; "" where only
    itself can reach it.
    """
    return next((found for found in (_way_out(), *_interfaces()) if _is_reachable(found)), "")


def _way_out() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE)  # chooses an interface, and sends nothing
        except OSError:
            return ""
        return probe.getsockname()[0]


def _interfaces() -> list[str]:
    every = psutil.net_if_addrs().values()
    return [one.address for those in every for one in those if one.family == socket.AF_INET]


def _is_reachable(found: str) -> bool:
    try:
        address = ipaddress.ip_address(found)
    except ValueError:
        return False
    return not (address.is_loopback or address.is_link_local or address.is_unspecified)
