"""A small bluetoothd: org.bluez on a private D-Bus, whose radio is a virtual air, so that bleak's own Linux backend
runs as it is. It says what bleak asks for, in the words and with the errors of the real one (BlueZ, `doc/*-api.txt`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakError, BleakGATTProtocolError
from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from firmware_bridge.virtual.links.ble.bumble_backend import _Radio

HCI0 = "/org/bluez/hci0"
ADAPTER, DEVICE = "org.bluez.Adapter1", "org.bluez.Device1"
SERVICE, CHARACTERISTIC = "org.bluez.GattService1", "org.bluez.GattCharacteristic1"
PROPERTIES, OBJECTS = "org.freedesktop.DBus.Properties", "org.freedesktop.DBus.ObjectManager"
FAILED, IN_PROGRESS = "org.bluez.Error.Failed", "org.bluez.Error.InProgress"

Reply = tuple[str, list[Any]]
Properties = dict[str, Variant]


class Refused(Exception):
    """An error reply: its D-Bus name and text."""


@asynccontextmanager
async def private_bus() -> AsyncIterator[str]:
    """Run a D-Bus daemon of our own; yield its address."""
    process = await asyncio.create_subprocess_exec(
        "dbus-daemon", "--session", "--nofork", "--print-address=1", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


class FakeBlueZ:
    """One run of the daemon; `radio` has been powered on."""

    def __init__(self, radio: _Radio, group: asyncio.TaskGroup) -> None:
        self.calls: list[str] = []  # members, as they came
        self.refusing: dict[str, str] = {}  # member: the name of the error that it gives
        self._radio, self._group = radio, group
        self._objects: dict[str, dict[str, Properties]] = {}
        self._seen: dict[str, Any] = {}  # device path: what bleak calls a device
        self._clients: dict[str, Any] = {}  # device path: its connection
        self._found: dict[str, Any] = {}  # path: characteristic
        self._discovering: set[str] = set()  # bus names
        self._subscribers: dict[str, set[str]] = {}  # characteristic path: bus names
        self._scanner = radio.scanner(self._heard, None)

    async def start(self, address: str, *, powered: bool = True) -> FakeBlueZ:
        """Take the name org.bluez on the bus at `address`, with one adapter."""
        self._bus = await MessageBus(bus_address=address).connect()
        self._bus.add_message_handler(self._received)
        await self._bus.request_name("org.bluez")
        adapter = {"Address": Variant("s", "00:00:00:00:00:01"), "Name": Variant("s", "virtual")}
        adapter |= {"Powered": Variant("b", powered), "Discovering": Variant("b", False)}
        self._add(HCI0, ADAPTER, adapter | {"Roles": Variant("as", ["central"])})
        return self

    async def stop(self, *, crash: bool = False) -> None:
        """Leave the bus: cleanly, so that every object is taken back, or without a word."""
        if not crash:
            self._remove(HCI0)
        self._objects.clear()
        with suppress(BleakError):
            await self._scanner.stop()
        for client in list(self._clients.values()):
            await client.disconnect()
        self._bus.disconnect()
        await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]

    # ── the bus ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _signal(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
        if self._bus.connected:
            kind = MessageType.SIGNAL
            message = Message(
                message_type=kind, path=path, interface=interface, member=member, signature=signature, body=body
            )
            self._bus.send(message)

    def _add(self, path: str, interface: str, properties: Properties) -> None:
        self._objects.setdefault(path, {})[interface] = properties
        self._signal("/", OBJECTS, "InterfacesAdded", "oa{sa{sv}}", [path, {interface: properties}])

    def _remove(self, path: str) -> None:
        for gone in [p for p in self._objects if p == path or p.startswith(path + "/")]:
            self._signal("/", OBJECTS, "InterfacesRemoved", "oas", [gone, list(self._objects.pop(gone))])

    def _set(self, path: str, interface: str, properties: Properties) -> None:
        if path in self._objects:
            self._objects[path][interface].update(properties)
            self._signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [interface, properties, []])

    def _received(self, message: Message) -> bool | None:
        ours = message.message_type is MessageType.METHOD_CALL and message.interface != "org.freedesktop.DBus.Peer"
        if not ours or message.interface is None or message.member is None:
            return None
        self._group.create_task(self._answer(message))
        return True

    async def _answer(self, message: Message) -> None:
        self.calls.append(str(message.member))
        try:
            signature, body = await self._reply(message)
            reply = Message.new_method_return(message, signature, body)
        except Refused as error:
            reply = Message.new_error(message, *map(str, error.args))
        except BleakGATTProtocolError as error:
            reply = Message.new_error(message, FAILED, f"Operation failed with ATT error: 0x{int(error.code):02x}")
        except (BleakError, TimeoutError) as error:
            reply = Message.new_error(message, FAILED, str(error) or "le-connection-abort-by-local")
        if self._bus.connected:
            await self._bus.send(reply)

    async def _reply(self, message: Message) -> Reply:
        path, member = str(message.path), str(message.member)
        if name := self.refusing.get(member):
            raise Refused(name, "refused by the test")
        if message.interface == OBJECTS:
            return "a{oa{sa{sv}}}", [self._objects]
        if path not in self._objects:
            raise Refused("org.freedesktop.DBus.Error.UnknownObject", path)
        if message.interface == PROPERTIES:
            return "a{sv}", [self._objects[path].get(message.body[0], {})]
        method: Callable[..., Any] | None = getattr(self, f"_{member}", None)
        if method is None:
            raise Refused("org.freedesktop.DBus.Error.UnknownMethod", member)
        reply: Reply | None = await method(path, message.sender, *message.body)
        return reply or ("", [])

    # ── org.bluez.Adapter1 ──────────────────────────────────────────────────────────────────────────────────────────

    async def _SetDiscoveryFilter(self, path: str, sender: str, wanted: object) -> None:  # noqa: N802
        pass

    async def _StartDiscovery(self, path: str, sender: str) -> None:  # noqa: N802
        if sender in self._discovering:
            raise Refused(IN_PROGRESS, "Operation already in progress")
        self._discovering.add(sender)
        if len(self._discovering) == 1:
            await self._scanner.start()
            self._set(HCI0, ADAPTER, {"Discovering": Variant("b", True)})

    async def _StopDiscovery(self, path: str, sender: str) -> None:  # noqa: N802
        if sender not in self._discovering:
            raise Refused(FAILED, "No discovery started")
        self._discovering.discard(sender)
        if not self._discovering:
            await self._scanner.stop()
            self._set(HCI0, ADAPTER, {"Discovering": Variant("b", False)})

    async def _RemoveDevice(self, path: str, sender: str, device: str) -> None:  # noqa: N802
        if client := self._clients.get(device):
            await client.disconnect()
        self._remove(device)

    def _heard(self, device: Any, advertisement: AdvertisementData) -> None:
        path = f"{HCI0}/dev_{device.address.replace(':', '_')}"
        told: Properties = {"RSSI": Variant("n", advertisement.rssi)}
        if advertisement.service_uuids:
            told["UUIDs"] = Variant("as", advertisement.service_uuids)
        if advertisement.manufacturer_data:
            makers = {company: Variant("ay", value) for company, value in advertisement.manufacturer_data.items()}
            told["ManufacturerData"] = Variant("a{qv}", makers)
        if advertisement.local_name:
            told |= {"Name": Variant("s", advertisement.local_name), "Alias": Variant("s", advertisement.local_name)}
        self._seen[path] = device
        if path in self._objects:
            self._set(path, DEVICE, told)
            return
        new: Properties = {key: Variant("b", False) for key in ("Paired", "Trusted", "Connected", "ServicesResolved")}
        new |= {"Address": Variant("s", device.address), "AddressType": Variant("s", "random")}
        new |= {"Alias": Variant("s", device.address.replace(":", "-")), "Adapter": Variant("o", HCI0)}
        self._add(path, DEVICE, new | {"UUIDs": Variant("as", [])} | told)

    # ── org.bluez.Device1 ───────────────────────────────────────────────────────────────────────────────────────────

    async def _Connect(self, path: str, sender: str) -> None:  # noqa: N802
        if path in self._clients:
            return

        def gone() -> None:
            self._clients.pop(path, None)
            for characteristic in [p for p in self._subscribers if p.startswith(path + "/")]:
                del self._subscribers[characteristic]
            self._set(path, DEVICE, {"ServicesResolved": Variant("b", False)})
            self._set(path, DEVICE, {"Connected": Variant("b", False)})

        client = self._radio.client()(self._seen[path], disconnected_callback=gone, timeout=10.0)
        await client.connect(False)
        self._clients[path] = client
        self._set(path, DEVICE, {"Connected": Variant("b", True)})
        for service in client.services or ():
            place = f"{path}/service{service.handle:04x}"
            told = {"UUID": Variant("s", service.uuid), "Device": Variant("o", path), "Primary": Variant("b", True)}
            self._add(place, SERVICE, told)
            for characteristic in service.characteristics:
                self._add_characteristic(place, characteristic, client.mtu_size)
        self._set(path, DEVICE, {"ServicesResolved": Variant("b", True)})

    def _add_characteristic(self, service: str, characteristic: Any, mtu: int) -> None:
        place = f"{service}/char{characteristic.handle - 1:04x}"  # BlueZ names it by its declaration
        self._found[place] = characteristic
        told = {"UUID": Variant("s", characteristic.uuid), "Service": Variant("o", service)}
        told |= {"Value": Variant("ay", b""), "Flags": Variant("as", list(characteristic.properties))}
        self._add(place, CHARACTERISTIC, told | {"MTU": Variant("q", mtu), "Notifying": Variant("b", False)})

    async def _Disconnect(self, path: str, sender: str) -> None:  # noqa: N802
        if path not in self._clients:
            raise Refused("org.bluez.Error.NotConnected", "Not Connected")
        await self._clients[path].disconnect()

    # ── org.bluez.GattCharacteristic1 ───────────────────────────────────────────────────────────────────────────────

    def _gatt(self, path: str) -> tuple[Any, Any]:
        client = self._clients.get("/".join(path.split("/")[:5]))
        if client is None:
            raise Refused(FAILED, "Not connected")
        return client, self._found[path]

    async def _ReadValue(self, path: str, sender: str, options: object) -> Reply:  # noqa: N802
        client, characteristic = self._gatt(path)
        return "ay", [bytes(await client.read_gatt_char(characteristic))]

    async def _WriteValue(  # noqa: N802
        self, path: str, sender: str, value: bytes, options: dict[str, Variant]
    ) -> None:
        client, characteristic = self._gatt(path)
        kind = options["type"].value if "type" in options else "request"
        await client.write_gatt_char(characteristic, value, kind != "command")

    async def _StartNotify(self, path: str, sender: str) -> None:  # noqa: N802
        client, characteristic = self._gatt(path)
        who = self._subscribers.setdefault(path, set())
        if sender in who:
            raise Refused(IN_PROGRESS, "In Progress")
        who.add(sender)

        def notified(value: bytearray) -> None:
            self._set(path, CHARACTERISTIC, {"Value": Variant("ay", bytes(value))})

        await client.start_notify(characteristic, notified)
        self._set(path, CHARACTERISTIC, {"Notifying": Variant("b", True)})

    async def _StopNotify(self, path: str, sender: str) -> None:  # noqa: N802
        client, characteristic = self._gatt(path)
        self._subscribers.pop(path, None)
        await client.stop_notify(characteristic)
        self._set(path, CHARACTERISTIC, {"Notifying": Variant("b", False)})


async def forget_bus() -> None:
    """Close the one connection to the bus that bleak keeps for a loop for ever."""
    from bleak.backends.bluezdbus import manager  # noqa: PLC0415

    kept = manager._global_instances.pop(asyncio.get_running_loop(), None)
    if kept is not None and kept._bus is not None:
        kept._bus.disconnect()
        if watcher := getattr(kept, "_bus_watcher_task", None):
            await asyncio.wait({watcher}, timeout=1)
