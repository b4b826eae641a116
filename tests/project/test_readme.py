"""What the READMEs tell people to type exists: every command, option, make target, setting and file."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from pydantic import BaseModel

from firmware_bridge import parse_profile
from service.cli import app
from service.settings import Settings
from tests.conftest import PROJECT, READMES

OWN_FILE = re.compile(r"# \w+\.toml\n")
"""How a block begins that is a file of another kind: the example that it belongs to is run beside its README."""
ROOT = PROJECT / "README.md"
TEXTS = {path: path.read_text(encoding="utf-8") for path in READMES}
TEXT = "\n".join(TEXTS.values())
PACKAGES = ("firmware_bridge", "service")
LINES, WIDTH = 200, 120
"""What a newcomer reads, of the root's README."""
SEPARATORS = {"&&", "||", "|", ";", "&", ">", ">>", "<"}


def _blocks(*languages: str) -> list[str]:
    return [
        body
        for name, body in re.findall(r"^```(\w*)[^\n]*\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
        if name in languages
    ]


def _commands() -> Iterator[list[str]]:
    """The simple commands of all shell blocks, without prompts, variables in front, and comments."""
    for line in "\n".join(_blocks("sh", "bash", "shell", "console")).replace("\\\n", " ").splitlines():
        command: list[str] = []
        lexer = shlex.shlex(line.removeprefix("$ "), posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        for word in lexer:
            if word in SEPARATORS:
                yield command
                command = []
            elif command or not re.fullmatch(r"[A-Z_]+=.*|sudo|uvx|time", word):
                command.append(word)
        yield command


COMMANDS = [command for command in _commands() if command]
INSOLE = [command[1:] for command in COMMANDS if command[0].rpartition("/")[2] == "insole"]
MAKE = [command[1:] for command in COMMANDS if command[0] == "make"]
INSOLE += [
    ["demo", *shlex.split(word.removeprefix("ARGS="))]
    for words in MAKE
    if "demo" in words
    for word in words
    if word.startswith("ARGS=")
]


def test_there_is_something_to_type() -> None:
    assert INSOLE
    assert MAKE


@pytest.mark.parametrize("words", INSOLE, ids=" ".join)
def test_every_command_and_option_exists(words: list[str]) -> None:
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while rest and hasattr(command, "commands") and not rest[0].startswith("-"):
        name = rest.pop(0)
        assert name in command.commands, f"insole has no {name!r}; there are: {', '.join(command.commands)}"
        command = command.commands[name]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    used = {word.partition("=")[0] for word in rest if word.startswith("--")} - {"--help"}
    assert used <= known


@pytest.mark.parametrize("words", MAKE, ids=" ".join)
def test_every_make_target_exists(words: list[str]) -> None:
    targets = set(re.findall(r"^([a-z-]+):", PROJECT.joinpath("Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {word for word in words if "=" not in word and not word.startswith("-")} <= targets


def _unknown(keys: Mapping[str, Any], model: type[BaseModel], where: str = "") -> Iterator[str]:
    """Yield the keys that the settings do not have."""
    for key, value in keys.items():
        field = model.model_fields.get(key)
        if field is None:
            yield f"{where}{key}"
            continue
        inner = next((kind for kind in (field.annotation, *get_args(field.annotation)) if _is_model(kind)), None)
        for part in value if isinstance(value, list) else [value]:
            if inner is not None and isinstance(part, dict):
                yield from _unknown(part, inner, f"{where}{key}.")


def _is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


@pytest.mark.parametrize("block", [block for block in _blocks("toml") if not OWN_FILE.match(block)])
def test_every_setting_exists_and_every_profile_is_sound(block: str) -> None:
    """A TOML block is a profile where its first line says so, else a part of insole.toml."""
    if "profile" in block.splitlines()[0]:
        parse_profile(block, "a README")
    else:
        assert list(_unknown(tomllib.loads(block), Settings)) == []


@pytest.mark.parametrize("name", sorted(set(re.findall(r"\bINSOLE_[A-Z0-9_]*[A-Z0-9]", TEXT))))
def test_every_variable_is_a_setting(name: str) -> None:
    keys: dict[str, Any] = {}
    for part in reversed(name.removeprefix("INSOLE_").lower().split("__")):
        keys = {part: keys}
    assert list(_unknown(keys, Settings)) == []


LINKS = [
    (path, target)
    for path, text in TEXTS.items()
    for target in sorted(set(re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", text)))
]


@pytest.mark.parametrize(("path", "target"), LINKS, ids=[f"{p.relative_to(PROJECT)}-{target}" for p, target in LINKS])
def test_every_link_into_the_project_leads_somewhere(path: Path, target: str) -> None:
    assert path.parent.joinpath(target).exists()


PATHS = re.compile(r"`((?:firmware_bridge|service|dashboards|tests)/[\w/.-]+\.(?:py|md|toml|html|json))`")


@pytest.mark.parametrize("path", READMES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_every_file_that_is_named_is_there(path: Path) -> None:
    assert [name for name in PATHS.findall(TEXTS[path]) if not PROJECT.joinpath(name).exists()] == []


def test_every_readme_is_reached_from_the_root() -> None:
    linked = {path.parent.joinpath(target).resolve() for path, target in LINKS if path == ROOT}
    assert [path for path in READMES if path != ROOT and path not in linked] == []


def test_the_root_is_short_enough_for_a_newcomer() -> None:
    lines = TEXTS[ROOT].splitlines()
    assert len(lines) <= LINES
    assert [line for line in lines if len(line) > WIDTH] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_the_rooms_are_those_that_there_are(package: str) -> None:
    """Each with the first sentence of its own docstring."""
    table = TEXTS[ROOT].partition(f"| {package} | what lives there |")[2].partition("\n\n")[0]
    told = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", table, re.MULTILINE))
    rooms = sorted(path.parent for path in PROJECT.joinpath(package).glob("*/__init__.py"))
    docstrings = {room.name: ast.get_docstring(ast.parse((room / "__init__.py").read_text("utf-8"))) for room in rooms}
    assert told == {name: (text or "").partition("\n")[0] for name, text in docstrings.items()}
