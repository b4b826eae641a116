"""What bleak raises, in the user's words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakDBusError, BleakError

from firmware_bridge.errors import Unavailable

NOT_FOUND = "not advertising; is it switched on, near, and not connected elsewhere?"
LOST = "out of range, switched off, or its battery is empty?"

FOREIGN = (BleakError, TimeoutError, EOFError, OSError, AssertionError, AttributeError, KeyError)
"""What bleak raises besides its own errors: its BlueZ backend trips over a device that vanishes in mid call."""

_DENIED = "allow Bluetooth for this program, or for the terminal that it runs in"
_NOT_AVAILABLE = {
    BleakBluetoothNotAvailableReason.POWERED_OFF: "Bluetooth is off: switch it on",
    BleakBluetoothNotAvailableReason.DENIED_BY_USER: _DENIED,
    BleakBluetoothNotAvailableReason.DENIED_BY_SYSTEM: _DENIED,
    BleakBluetoothNotAvailableReason.DENIED_BY_UNKNOWN: _DENIED,
}
_DBUS = (
    ("AccessDenied", "no permission: add yourself to the group bluetooth and log in again"),
    ("InProgress", "another program is using the adapter"),
    ("ServiceUnknown", "is the Bluetooth service running?"),
)


@contextmanager
def as_unavailable(what: str, advice: str = "") -> Iterator[None]:
    """Raise what bleak raises as `Unavailable`, with advice."""
    try:
        yield
    except TimeoutError as error:
        raise Unavailable(f"{what}: no answer", advice or NOT_FOUND) from error
    except FOREIGN as error:
        cause = _cause(error)
        if not advice and isinstance(error, (FileNotFoundError, ConnectionRefusedError)):
            cause = f"the Bluetooth service cannot be reached: {cause}"  # of bleak's only file, D-Bus's socket
        raise Unavailable(f"{what}: {cause}", advice or _advice(error)) from error


def _cause(error: BaseException) -> str:
    said = error.strerror if isinstance(error, OSError) else None
    return said or str(error) or type(error).__name__


def _advice(error: BaseException) -> str:
    if isinstance(error, BleakBluetoothNotAvailableError):
        return _NOT_AVAILABLE.get(error.reason, "is there a Bluetooth adapter, and is the Bluetooth service running?")
    if isinstance(error, BleakDBusError):
        return next((advice for name, advice in _DBUS if name in error.dbus_error), LOST)
    if isinstance(error, OSError):
        return "is the Bluetooth service running (on Linux BlueZ, behind D-Bus), and may this program use it?"
    return LOST
