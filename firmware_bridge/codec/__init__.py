"""Packets to frames and back by one definition, without I/O: framing, payloads, sequence, clock, account of loss."""
