"""The built-in profiles keep to what every profile keeps to, and a mistake in any key of theirs is named."""

from __future__ import annotations

import re

import pytest

from firmware_bridge.contracts.test_profiles import TestProfiles
from firmware_bridge.devices.profile import builtin_profiles, load_profile, parse_profile
from firmware_bridge.errors import ConfigError

__all__ = ["TestProfiles"]

each = pytest.mark.parametrize("name", builtin_profiles())


@each
def test_it_is_named_as_its_file_and_fast_enough_for_contact_times(name: str) -> None:
    profile = load_profile(name)
    assert profile.id == name
    assert profile.rate_hz >= 50


@each
def test_a_mistake_in_any_key_is_named(name: str) -> None:
    text = load_profile(name).text
    code = re.sub(r"(?m)#(?!insole).*$", lambda match: " " * len(match[0]), text)
    keys = list(re.finditer(r"(?<![\w.])([a-z][a-z_0-9.]*) = ", code))
    keys = [match for match in keys if not match[1].startswith("chars.") and not _in_expect(code, match.start())]
    assert len(keys) > 5
    for match in keys:
        wrong = match[1] + "x"
        with pytest.raises(ConfigError) as error:
            parse_profile(text[: match.start()] + wrong + text[match.end(1) :], "shoe.toml")
        message = str(error.value)
        assert message.startswith("shoe.toml: ")
        assert wrong in message or match[1] in message, message


def _in_expect(code: str, at: int) -> bool:
    line = code[code.rfind("\n", 0, at) + 1 : at]
    return "expect = {" in line
