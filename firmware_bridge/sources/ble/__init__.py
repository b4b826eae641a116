"""Bluetooth through bleak: search, connect, device information, and its errors in words."""
