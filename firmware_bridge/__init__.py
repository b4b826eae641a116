"""From the sensor to the stored sample. This is the face: `service` imports nothing deeper.

Importing it loads numpy, pydantic and the standard library; what speaks to radios, ports and databases is loaded when
a URL first names it.
"""

from firmware_bridge.authoring.draft import Draft, draft_profile
from firmware_bridge.authoring.golden_check import check_golden, examples_of
from firmware_bridge.authoring.line_capture import Heard, hear_lines, lines_transport
from firmware_bridge.authoring.round_trip_check import check_round_trip
from firmware_bridge.bridge.foot_pod import bridge_foot_pod, pod_opener
from firmware_bridge.bridge.insole import bridge_insole
from firmware_bridge.bridge.listener import Listener, listening
from firmware_bridge.bridge.retry import Backoff, persist
from firmware_bridge.clock import Clock, SystemClock
from firmware_bridge.codec.timing.clock_words import clock_in_words
from firmware_bridge.devices.calibration import Calibration, load_calibration, parse_calibration
from firmware_bridge.devices.insole import Insole
from firmware_bridge.devices.profile import (
    Profile,
    Sensors,
    builtin_profiles,
    load_profile,
    mistakes_of,
    parse_profile,
    profile_text,
)
from firmware_bridge.errors import ConfigError, CorruptData, InsoleError, TooOld, Unavailable
from firmware_bridge.importers import read_recording, wearer_of
from firmware_bridge.model import (
    BEGINNING,
    END,
    PARTITIONS,
    SECOND,
    STANDARD_GRAVITY,
    Bools,
    ClockState,
    Column,
    Device,
    Float32s,
    Float64s,
    Frames,
    Int64s,
    Item,
    Key,
    Link,
    Pace,
    Packet,
    Row,
    Side,
    columns,
    item_key,
    kind_name,
    partition_of,
    row_key,
    same_row,
)
from firmware_bridge.sources import link_of, open_source
from firmware_bridge.sources.discovery import find_devices, title_of
from firmware_bridge.sources.source import Candidate
from firmware_bridge.stores import (
    Archive,
    Claims,
    Damaged,
    EmbeddedLog,
    Holding,
    Log,
    LogFile,
    Salvaged,
    Usage,
    open_archive,
    open_embedded_log,
    open_log,
    open_recorder,
    salvage_log,
)
from firmware_bridge.stores.remote.wire import deserialize, serialize
from firmware_bridge.virtual.insole.known_walk import KnownWalk, known_walk
from firmware_bridge.virtual.links.play import play_virtual

__all__ = [
    "BEGINNING",
    "END",
    "PARTITIONS",
    "SECOND",
    "STANDARD_GRAVITY",
    "Archive",
    "Backoff",
    "Bools",
    "Calibration",
    "Candidate",
    "Claims",
    "Clock",
    "ClockState",
    "Column",
    "ConfigError",
    "CorruptData",
    "Damaged",
    "Device",
    "Draft",
    "EmbeddedLog",
    "Float32s",
    "Float64s",
    "Frames",
    "Heard",
    "Holding",
    "Insole",
    "InsoleError",
    "Int64s",
    "Item",
    "Key",
    "KnownWalk",
    "Link",
    "Listener",
    "Log",
    "LogFile",
    "Pace",
    "Packet",
    "Profile",
    "Row",
    "Salvaged",
    "Sensors",
    "Side",
    "SystemClock",
    "TooOld",
    "Unavailable",
    "Usage",
    "bridge_foot_pod",
    "bridge_insole",
    "builtin_profiles",
    "check_golden",
    "check_round_trip",
    "clock_in_words",
    "columns",
    "deserialize",
    "draft_profile",
    "examples_of",
    "find_devices",
    "hear_lines",
    "item_key",
    "kind_name",
    "known_walk",
    "lines_transport",
    "link_of",
    "listening",
    "load_calibration",
    "load_profile",
    "mistakes_of",
    "open_archive",
    "open_embedded_log",
    "open_log",
    "open_recorder",
    "open_source",
    "parse_calibration",
    "parse_profile",
    "partition_of",
    "persist",
    "play_virtual",
    "pod_opener",
    "profile_text",
    "read_recording",
    "row_key",
    "salvage_log",
    "same_row",
    "serialize",
    "title_of",
    "wearer_of",
]
