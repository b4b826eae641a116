"""A backend for bleak on the bumble host stack: for virtual insoles, and for a dongle that speaks HCI.

    async with open_radio("tcp-client:127.0.0.1:9100") as radio:
        BleakScanner(backend=radio.scanner), BleakClient(device, backend=radio.client())

A radio is shared by everybody in this event loop who opens the same transport, and closed with the last of them. With
a dongle (`usb:0`, `serial:/dev/ttyACM0`) this program is the whole Bluetooth stack: the system's is not used.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from bleak.assigned_numbers import gatt_char_props_to_strs
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection
from bleak.exc import BleakError, BleakGATTProtocolError
from bleak.uuids import normalize_uuid_str
from bumble import att, core, hci
from bumble.core import AdvertisingData
from bumble.device import Advertisement, Connection, ConnectionParametersPreferences, Device, Peer
from bumble.transport import open_transport
from bumble.transport.common import Transport

INTERVAL_MS = (15, 30)
SUPERVISION_MS = 4000
MTU = 247
_CLOSE_S = 1.0

_radios: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, _Radio]] = WeakKeyDictionary()


@asynccontextmanager
async def open_radio(moniker: str) -> AsyncIterator[_Radio]:
    """Give the radio behind a bumble transport name, opening it for the first user and closing it after the last.

    Raises:
        ValueError: there is no such transport.
        OSError, BleakError: it cannot be opened, or does not answer.
    """
    radios = _radios.setdefault(asyncio.get_running_loop(), {})
    radio = radios.get(moniker)
    if radio is None or radio.lost:
        radio = radios[moniker] = _Radio(moniker)
    radio.users += 1
    try:
        await radio.power_on()
        yield radio
    finally:
        radio.users -= 1
        if not radio.users:
            if radios.get(moniker) is radio:
                del radios[moniker]
            await radio.close()


class _Radio:
    """One HCI controller, virtual or real; `scanner` and `client()` are the classes that bleak takes as a backend."""

    def __init__(self, moniker: str) -> None:
        self.users = 0
        self.connecting = asyncio.Lock()  # a controller makes one LE connection at a time
        self.scanner = type("BumbleScanner", (_Scanner,), {"radio": self})
        self._moniker = moniker
        self._opening = asyncio.Lock()
        self._transport: Transport | None = None
        self._device: Device | None = None
        self._scanners: set[_Scanner] = set()

    def client(self, interval_ms: float | None = None) -> type[_Client]:
        """Return the class for connections, of an interval between their events where one is chosen."""
        interval = INTERVAL_MS if interval_ms is None else (interval_ms, interval_ms)
        return type("BumbleClient", (_Client,), {"radio": self, "interval_ms": interval})

    @property
    def device(self) -> Device:
        """The bumble host.

        Raises:
            BleakError: the radio is not open, or lost.
        """
        if self._device is None or self.lost:
            raise BleakError("the radio is gone")
        return self._device

    @property
    def lost(self) -> bool:
        """Whether the transport has broken since it was opened."""
        terminated = getattr(self._transport and self._transport.source, "terminated", None)
        return terminated is not None and bool(terminated.done())

    async def power_on(self) -> None:
        """Open the transport and start the host, once."""
        async with self._opening:
            if self._device is None:
                with _foreign_errors():
                    self._transport = await _transport(self._moniker)
                    address = hci.Address.generate_static_address()  # several may share a virtual air
                    device = Device.with_hci("insole", address, self._transport.source, self._transport.sink)
                    await device.power_on()
                device.on("advertisement", self._on_advertisement)
                self._device = device

    async def close(self) -> None:
        """Hang up everything and close the transport; what does not answer is left."""
        if self._device and not self.lost:
            for connection in list(self._device.connections.values()):
                await _quietly(connection.disconnect())
            await _quietly(self._device.power_off())
        if self._transport:
            await self._transport.close()

    async def add(self, scanner: _Scanner) -> None:
        """Let a scanner hear; the first one starts the scan."""
        self._scanners.add(scanner)
        if len(self._scanners) == 1:
            with _foreign_errors():
                await self.device.start_scanning(filter_duplicates=False)

    async def remove(self, scanner: _Scanner) -> None:
        """Let a scanner hear no more; the last one stops the scan."""
        self._scanners.discard(scanner)
        if not self._scanners and not self.lost:
            with _foreign_errors():
                await self.device.stop_scanning()

    def _on_advertisement(self, advertisement: Advertisement) -> None:
        for scanner in list(self._scanners):
            scanner.hear(advertisement)


class _Scanner(BaseBleakScanner):
    radio: ClassVar[_Radio]

    def __init__(self, detection_callback: Any, service_uuids: Any, *_: Any, **__: Any) -> None:
        super().__init__(detection_callback, service_uuids)

    async def start(self) -> None:
        self.seen_devices = {}
        await self.radio.add(self)

    async def stop(self) -> None:
        await self.radio.remove(self)

    def hear(self, advertisement: Advertisement) -> None:
        data = _advertisement_data(advertisement)
        if self.is_allowed_uuid(data.service_uuids):
            address = advertisement.address.to_string(with_type_qualifier=False)
            details = {"address": advertisement.address}
            device = self.create_or_update_device(address, address, data.local_name, details, data)
            self.call_detection_callbacks(device, data)


class _Client(BaseBleakClient):
    radio: ClassVar[_Radio]
    interval_ms: ClassVar[tuple[float, float]]

    def __init__(self, address_or_ble_device: Any, services: Any = None, **options: Any) -> None:
        if not isinstance(address_or_ble_device, BLEDevice):
            raise BleakError("give the scanned device, not its address")
        super().__init__(address_or_ble_device, **options)
        self._target = address_or_ble_device
        self._wanted = services
        self._connection: Connection | None = None
        self._subscribers: dict[int, Any] = {}

    @property
    def name(self) -> str:
        return self._target.name or self.address

    @property
    def mtu_size(self) -> int:
        return self._connection.att_mtu if self._connection else 23

    @property
    def is_connected(self) -> bool:
        return self._connection is not None and not self.radio.lost

    async def connect(self, pair: bool, **options: Any) -> None:  # noqa: ARG002
        timeout = float(options.get("timeout", self._timeout))
        preferences = ConnectionParametersPreferences(
            connection_interval_min=self.interval_ms[0],
            connection_interval_max=self.interval_ms[1],
            supervision_timeout=max(SUPERVISION_MS, round(3 * self.interval_ms[1])),  # more than two intervals
        )
        async with asyncio.timeout(timeout) as guard:
            async with self.radio.connecting:
                left = (guard.when() or 0.0) - asyncio.get_running_loop().time()
                with _foreign_errors():
                    connection = await self.radio.device.connect(
                        self._target.details["address"],
                        connection_parameters_preferences={hci.Phy.LE_1M: preferences},
                        timeout=max(left - 0.05, 0.01),  # before ours, so that the controller is told
                    )
            self._connection = connection
            connection.on("disconnection", self._on_disconnection)
            try:
                with _foreign_errors():
                    peer = Peer(connection)
                    await peer.request_mtu(MTU)
                    await peer.discover_all()  # type: ignore[no-untyped-call]
            except BaseException:
                await _quietly(connection.disconnect())
                self._connection = None
                raise
            self.services = self._collected(peer)

    def _collected(self, peer: Peer) -> BleakGATTServiceCollection:
        collection = BleakGATTServiceCollection()
        for service in peer.services:
            uuid = _uuid(service.uuid)
            if self._wanted and uuid not in self._wanted:
                continue
            found = BleakGATTService(service, service.handle, uuid)
            collection.add_service(found)
            for proxy in service.characteristics:
                names = list(gatt_char_props_to_strs(proxy.properties))
                collection.add_characteristic(
                    BleakGATTCharacteristic(
                        proxy, proxy.handle, _uuid(proxy.uuid), names, lambda: self.mtu_size - 3, found
                    )
                )
        return collection

    def _on_disconnection(self, reason: int) -> None:  # noqa: ARG002
        self._connection = None
        self.services = None
        self._subscribers.clear()
        if self._disconnected_callback:
            self._disconnected_callback()

    async def disconnect(self) -> None:
        if self._connection and self.is_connected:
            with _foreign_errors():
                await self._connection.disconnect()

    async def pair(self, *_: Any, **__: Any) -> None:
        if self._connection:
            await self._connection.pair()

    async def unpair(self) -> None:
        raise BleakError("there is nothing to unpair: keys are not kept")

    async def read_gatt_char(self, characteristic: BleakGATTCharacteristic, **_: Any) -> bytearray:
        with self._connected():
            return bytearray(await characteristic.obj.read_value())

    async def write_gatt_char(self, characteristic: BleakGATTCharacteristic, data: Any, response: bool) -> None:
        with self._connected():
            await characteristic.obj.write_value(bytes(data), with_response=response)

    async def read_gatt_descriptor(self, *_: Any, **__: Any) -> bytearray:
        raise BleakError("descriptors are not offered")

    async def write_gatt_descriptor(self, *_: Any, **__: Any) -> None:
        raise BleakError("descriptors are not offered")

    async def start_notify(self, characteristic: BleakGATTCharacteristic, callback: Any, **_: Any) -> None:
        def take(value: bytes) -> None:
            callback(bytearray(value))

        self._subscribers[characteristic.handle] = take
        with self._connected():
            await characteristic.obj.subscribe(take)

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        with self._connected():
            await characteristic.obj.unsubscribe(self._subscribers.pop(characteristic.handle))

    @contextlib.contextmanager
    def _connected(self) -> Iterator[None]:
        if self._connection is None:
            raise BleakError("not connected")
        with _foreign_errors():
            yield


@contextlib.contextmanager
def _foreign_errors() -> Iterator[None]:
    """Raise bumble's errors as bleak's, and tell its cancellations from ours."""
    before = _cancellations()
    try:
        yield
    except att.ATT_Error as error:
        raise BleakGATTProtocolError(error.error_code) from error
    except (core.TimeoutError, TimeoutError) as error:
        raise TimeoutError(str(error)) from error
    except asyncio.CancelledError as error:
        if _cancellations() > before:
            raise
        raise BleakError("disconnected") from error  # bumble cancels what is pending when the link drops
    except (core.BaseBumbleError, hci.HCI_Error) as error:
        raise BleakError(str(error)) from error
    if _cancellations() > before:
        raise asyncio.CancelledError  # swallowed by a wait_for of Python before 3.12


async def _transport(moniker: str) -> Transport:
    try:
        return await open_transport(moniker)
    except (ValueError, ImportError) as error:
        raise ValueError(str(error)) from error
    except OSError:
        raise
    except Exception as error:  # every transport's library has errors of its own, some of them plain Exceptions
        raise BleakError(str(error)) from error


def _cancellations() -> int:
    task = asyncio.current_task()
    return task.cancelling() if task else 0


async def _quietly(call: Any) -> None:
    with contextlib.suppress(core.BaseBumbleError, hci.HCI_Error, TimeoutError, OSError):
        async with asyncio.timeout(_CLOSE_S):
            await call


def _uuid(uuid: core.UUID) -> str:
    return normalize_uuid_str(uuid.to_hex_str("-"))


def _advertisement_data(advertisement: Advertisement) -> AdvertisementData:
    data, kind = advertisement.data, AdvertisingData.Type
    name: Any = data.get(kind.COMPLETE_LOCAL_NAME) or data.get(kind.SHORTENED_LOCAL_NAME)
    lists: list[Any] = [
        data.get(kind.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS),
        data.get(kind.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS),
        data.get(kind.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS),
        data.get(kind.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS),
    ]
    uuids = [_uuid(uuid) for found in lists for uuid in found or ()]
    makers: Any = data.get_all(kind.MANUFACTURER_SPECIFIC_DATA)
    manufacturer = {company: bytes(value) for company, value in makers}
    told: Any = data.get_all(kind.SERVICE_DATA_16_BIT_UUID)
    services = {_uuid(uuid): bytes(value) for uuid, value in told}
    return AdvertisementData(name, manufacturer, services, uuids, None, advertisement.rssi, (advertisement,))
