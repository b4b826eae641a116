"""Where a store lies: how much room its disk has, and whether that is a disk of this computer at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

SHARES = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "fuse.sshfs", "fuse.rclone", "davfs", "glusterfs")
"""Beginnings of the names of file systems that other computers serve, or that are known to keep locks badly."""
MOUNTS = Path("/proc/self/mounts")


def free_bytes(path: Path) -> int:
    """Return the room that is left for this user on the disk where `path` lies or will lie."""
    there = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    return shutil.disk_usage(there).free


def network_share(path: Path) -> str:
    """Return the name of the network file system that holds `path`, "" where it is none or cannot be told."""
    try:
        mounts = MOUNTS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    folder = os.fsencode(path.resolve().parent).decode(errors="replace")
    best, kind = "", ""
    for line in mounts.splitlines():
        _, where, system, *_ = line.split(" ")
        where = where.replace(r"\040", " ")
        inside = where in {"/", folder} or folder.startswith(where + "/")
        if inside and len(where) >= len(best):
            best, kind = where, system
    return kind if kind.startswith(SHARES) else ""
