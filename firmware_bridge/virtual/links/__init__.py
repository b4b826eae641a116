"""The other end of `serial:`, `udp:` and `ble:`."""
