"""Figures beside a named peer, run by hand."""
