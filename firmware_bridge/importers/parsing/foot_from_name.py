"""Which foot a file is of, where only its name says so."""

from __future__ import annotations

import re
from pathlib import Path

from firmware_bridge.errors import ConfigError
from firmware_bridge.model import Side

_WORDS = {
    Side.LEFT: re.compile(r"(?<![A-Za-z])(?:left|LEFT)(?![A-Za-z])|Left(?![a-z])|L$|(?<![A-Za-z])l$"),
    Side.RIGHT: re.compile(r"(?<![A-Za-z])(?:right|RIGHT)(?![A-Za-z])|Right(?![a-z])|R$|(?<![A-Za-z])r$"),
}


def side_of(*names: str) -> Side | None:
    """Return the foot that the first telling name tells: by a word left or right, or by an L or R at its end.

    A name counts up to its first dot and, where that tells nothing, up to its last one. One that speaks of both feet
    tells nothing.
    """
    for name in names:
        file = re.split(r"[\\/]", name)[-1].removesuffix(".gz")
        for stem in (file.split(".")[0], file.rpartition(".")[0]):
            said = [side for side, words in _WORDS.items() if words.search(stem)]
            if len(said) == 1:
                return said[0]
    return None


def side_needed(path: Path, *names: str) -> Side:
    """Return the foot that the file's own name or one of `names` tells; those go first.

    Raises:
        ConfigError: none does.
    """
    side = side_of(*names, path.name)
    if side is None:
        raise ConfigError(
            f"{path}: is of one foot, but its name does not say which; let it end in L or R, as in "
            f"{path.name.split('.')[0]}-L{''.join(path.suffixes[-1:])}"
        )
    return side
