"""The air between virtual Bluetooth devices: what a radio does to packets, on bumble's virtual controllers.

Real from HCI upwards on both ends; below that there are connection events, lost events (a delay, since the link layer
sends again), range and supervision timeout. One `AirLink` per process; other processes reach it by HCI over TCP.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bumble import core, hci, ll
from bumble.controller import Controller
from bumble.link import LocalLink
from bumble.transport.common import StreamPacketSink, StreamPacketSource, Transport

_RETRY_S = 0.01
_EPSILON_S = 1e-6

_Key = tuple["AirController", "AirController"]
_Pdu = tuple[hci.Address, core.PhysicalTransport, bytes]


class AirLink(LocalLink):
    """A radio space.

    Args:
        interval_s: time between connection events; 0 delivers at once.
        lost_events: share of connection events that fail, 0 to 1.
        per_event: packets that one direction sends in one event.
        supervision_s: how long a device has to be out of range until its connection breaks.
        seed: of the lost events.
    """

    def __init__(
        self,
        interval_s: float = 0.015,
        lost_events: float = 0.0,
        per_event: int = 6,
        supervision_s: float = 1.0,
        seed: int = 1,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.lost_events = lost_events
        self._interval_s, self._per_event, self._supervision_s = interval_s, per_event, supervision_s
        self._random = random.Random(seed)
        self._away: dict[Controller, asyncio.TimerHandle] = {}
        self._queues: dict[_Key, list[_Pdu]] = {}
        self._anchors: dict[frozenset[AirController], float] = {}

    def leave(self, device: Controller) -> None:
        """Take a device out of range; after the supervision timeout its connections are gone."""
        if device not in self._away:
            reason = hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
            loop = asyncio.get_running_loop()
            self._away[device] = loop.call_later(self._supervision_s, self.disconnect, device, reason)

    def come_back(self, device: Controller) -> None:
        """Bring a device into range again."""
        if timer := self._away.pop(device, None):
            timer.cancel()

    def disconnect(self, device: Controller, reason: int) -> None:
        """Break every connection of a device; both ends are told."""
        for connection in list(device.le_connections.values()):
            peer = self.find_le_controller(connection.peer_address)
            if peer and (other := peer.le_connections.get(connection.self_address)):
                peer.on_le_disconnected(other, reason)
            device.on_le_disconnected(connection, reason)
        self._queues = {ends: queue for ends, queue in self._queues.items() if device not in ends}

    def backlog(self, device: Controller) -> int:
        """Return how many packets of a device wait for a connection event."""
        return sum(len(queue) for ends, queue in self._queues.items() if ends[0] is device)

    def send_advertising_pdu(self, sender_controller: Any, packet: Any) -> None:
        """Let every device in range hear an advertisement."""
        if sender_controller in self._away:
            return
        loop = asyncio.get_running_loop()
        for device in self.controllers:
            if device is not sender_controller and device not in self._away:
                loop.call_soon(device.on_ll_advertising_pdu, packet)

    def send_ll_control_pdu(self, sender_address: Any, receiver_address: Any, packet: Any) -> None:
        """Deliver a control packet, or lose it where one end is out of range: the supervision will notice."""
        ends = [self.find_le_controller(address) for address in (sender_address, receiver_address)]
        if None not in ends and self._away.keys().isdisjoint(ends):
            super().send_ll_control_pdu(sender_address, receiver_address, packet)

    def send_acl_data(self, sender_controller: Any, destination_address: Any, transport: Any, data: bytes) -> None:
        """Queue data for the next connection event of its two ends."""
        receiver: Any = self.find_le_controller(destination_address)
        if receiver is None:
            return
        key: _Key = (sender_controller, receiver)
        if not self._interval_s and self._away.keys().isdisjoint(key):
            super().send_acl_data(sender_controller, destination_address, transport, data)
            return
        queue = self._queues.setdefault(key, [])
        queue.append((destination_address, transport, data))
        if len(queue) == 1:
            self._schedule(key)

    def _schedule(self, key: _Key) -> None:
        loop, step = asyncio.get_running_loop(), self._interval_s or _RETRY_S
        now = loop.time()
        anchor = self._anchors.setdefault(frozenset(key), now)
        due = anchor + (int((now - anchor) / step) + 1) * step
        if due - now < _EPSILON_S:  # rounding: an event at "now" would come again and again
            due += step
        loop.call_at(due, self._event, key)

    def _event(self, key: _Key) -> None:
        queue = self._queues.get(key)
        if not queue:
            return
        if self._away.keys().isdisjoint(key) and self._random.random() >= self.lost_events:
            for address, transport, data in queue[: self._per_event]:
                super().send_acl_data(key[0], address, transport, data)
            del queue[: self._per_event]
        if queue:
            self._schedule(key)


class AirController(Controller):
    """bumble's virtual controller, with what reconnecting needs and it leaves out."""

    le_acl_data_packet_length = 251  # data length extension, as chips since Bluetooth 4.2 have it

    def on_hci_le_create_connection_cancel_command(self, _command: Any) -> Any:
        """Cancel connecting, and say so to the host, which else waits for ever."""
        if pending := self.pending_le_connection:
            self.pending_le_connection = None
            event = hci.HCI_LE_Connection_Complete_Event(
                status=hci.HCI_ErrorCode.UNKNOWN_CONNECTION_IDENTIFIER_ERROR,
                connection_handle=0,
                role=hci.Role.CENTRAL,
                peer_address_type=pending.peer_address.address_type,
                peer_address=pending.peer_address,
                connection_interval=0,
                peripheral_latency=0,
                supervision_timeout=0,
                central_clock_accuracy=0,
            )
            asyncio.get_running_loop().call_soon(self.send_hci_packet, event)
        return super().on_hci_le_create_connection_cancel_command(_command)

    def on_hci_reset_command(self, _command: Any) -> Any:
        """Reset: drop links, scan and advertising, so that a restarted host finds no ghosts."""
        reason = hci.HCI_ErrorCode.REMOTE_USER_TERMINATED_CONNECTION_ERROR
        for connection in list(self.le_connections.values()):
            connection.send_ll_control_pdu(ll.TerminateInd(reason))
            del self.le_connections[connection.peer_address]
        self.pending_le_connection, self.le_scan_enable = None, False
        self.stop_advertising()
        return super().on_hci_reset_command(_command)

    def stop_advertising(self) -> None:
        """Fall silent."""
        self.le_legacy_advertiser.stop()
        for advertiser in self.advertising_sets.values():
            advertiser.stop()

    def send_hci_packet(self, packet: hci.HCI_Packet) -> None:
        """Send an event to the host; a scan response carries its own data, not the advertisement's again."""
        if isinstance(packet, hci.HCI_LE_Extended_Advertising_Report_Event):
            response: int = hci.HCI_LE_Extended_Advertising_Report_Event.EventType.SCAN_RESPONSE
            for report in packet.reports:
                if report.event_type & response:
                    report.data = self._scan_response(report.address)
        elif isinstance(packet, hci.HCI_LE_Advertising_Report_Event):
            for legacy in packet.reports:
                if legacy.event_type == hci.HCI_LE_Advertising_Report_Event.EventType.SCAN_RSP:
                    legacy.data = self._scan_response(legacy.address)
        super().send_hci_packet(packet)

    def _scan_response(self, address: hci.Address) -> bytes:
        device = self.link.find_le_controller(address)
        if device is None:
            return b""
        sets = [found for found in device.advertising_sets.values() if found.enabled]
        return bytes(sets[0].scan_response_data if sets else device.le_legacy_advertiser.scan_response_data)


class LocalTransport(Transport):
    """The HCI of one more controller in the air, for a host in this process; closing takes it out again."""

    def __init__(self, air: AirLink) -> None:
        self._air = air
        self._controller: Any = AirController("host", link=air)
        super().__init__(self._controller, self._controller)

    async def close(self) -> None:
        """Take the controller out of the air."""
        self._air.disconnect(self._controller, hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)
        self._air.remove_controller(self._controller)


class _HciConnection(StreamPacketSource):
    """A host in another process: it has a controller of its own in the air as long as it is connected."""

    def __init__(self, air: AirLink, connected: set[asyncio.Transport]) -> None:
        super().__init__()
        self._air, self._connected = air, connected

    def connection_made(self, transport: Any) -> None:
        self._connected.add(transport)
        self._transport = transport
        sink = StreamPacketSink(transport)
        self._controller = AirController("served", host_source=self, host_sink=sink, link=self._air)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._connected.discard(self._transport)
        self._controller.host = None
        self._air.disconnect(self._controller, hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR)
        self._air.remove_controller(self._controller)


@asynccontextmanager
async def hci_served(air: AirLink, port: int = 0) -> AsyncIterator[int]:
    """Serve controllers in the air on a TCP port of this machine, 0 for any that is free; yield the port."""
    connected: set[asyncio.Transport] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _HciConnection(air, connected), "127.0.0.1", port)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for transport in list(connected):
            transport.close()
