"""The three errors of the program, one for each way in which it can react.

    InsoleError
    ├── ConfigError    the user must change something: said at start in one line, exit code 2
    ├── Unavailable    try again later: a link, a store or a notifier; capped back-off
    └── CorruptData    skip this and count it: a packet, frame, row or file that breaks its contract

Foreign exceptions are translated to one of these in the module that touches the foreign library. Any other
exception is a bug and is not caught.
"""


class InsoleError(Exception):
    """Base of every error that the program expects; its text is written for the user."""


class ConfigError(InsoleError):
    """Something that the user must change; the text names the file or key and the remedy."""


class Unavailable(InsoleError):
    """Something that may work later; `advice` says what the user can look at meanwhile.

    `wait_s` is how long it asked to be left alone, 0 where it did not say.
    """

    def __init__(self, message: str, advice: str = "", wait_s: float = 0.0) -> None:
        super().__init__(message)
        self.advice, self.wait_s = advice, wait_s

    def __str__(self) -> str:
        message = super().__str__()
        return f"{message} ({self.advice})" if self.advice else message


class CorruptData(InsoleError):
    """Data that breaks its contract; the reader skips it, counts it and goes on."""


class TooOld(CorruptData):
    """Items from before what an archive keeps: these are refused, and all others that came with them are stored."""
