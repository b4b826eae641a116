"""Other programs' recordings as the items that a bridge would have put.

An importer is a `Format`: it recognizes a file by its first bytes and reads it as samples. It knows nothing of
wearers, stores or links.
"""

from firmware_bridge.importers.format import Format, Recording, Samples
from firmware_bridge.importers.reading import find_format, read_recording, wearer_of

__all__ = ["Format", "Recording", "Samples", "find_format", "read_recording", "wearer_of"]
