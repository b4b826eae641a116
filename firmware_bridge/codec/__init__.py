"""Packets to frames and back, without I/O: framing, payloads, sequence, clock, loss."""
