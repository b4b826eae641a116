"""What can be set: one `insole.toml`, overridden by `INSOLE_…` in the environment. Without either everything works.

Every key is read in one place. Secrets belong in the environment (`INSOLE_WEB__TOKEN`, `INSOLE_INFLUX__TOKEN`,
`INSOLE_ALERTS__URLS`), not in the file.
"""

from __future__ import annotations

import ipaddress
import re
import tomllib
from datetime import tzinfo
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import PydanticKnownError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from firmware_bridge import Calibration, ConfigError, Insole, Side, load_calibration, load_profile
from service.alerts.policy import AlertRule, AlertSettings
from service.alerts.quiet_hours import Quiet, parse_quiet
from service.pipeline.mirror_selection import PACE, MirrorTarget, Sampling
from service.pipeline.retention import Keep
from service.records.timestamps import parse_zone
from service.records.topics import TOPICS

FILE = Path("insole.toml")
_ANY_POD = re.compile(r"[a-z]+:(\?(?!(.*&)?(address|name)=).*)?")


class InsoleSettings(BaseModel):
    """One insole: who wears it on which foot, what it is and where it is heard."""

    model_config = ConfigDict(extra="forbid")

    side: Side
    url: str = Field(description="virtual:, ble:NAME, serial:PORT or file:RECORDING")
    profile: str = Field("demo-16", description="a built-in profile's name, or the path of a .toml")
    wearer: str = Field("me", min_length=1, description="a pseudonym; it partitions everything")
    calibration: Path | None = Field(None, description="a calibration's .toml")

    def insole(self) -> Insole:
        """Return the insole with its profile and calibration read.

        Raises:
            ConfigError: one of the two files is wrong.
        """
        calibration = load_calibration(self.calibration) if self.calibration else Calibration()
        return Insole(self.wearer, self.side, load_profile(self.profile), self.url, calibration)


class PodSettings(BaseModel):
    """A foot pod, or a watch that speaks as one: whose it is and where it is heard."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(description="ble:, ble:NAME or ble:?address=…")
    wearer: str = Field("me", min_length=1, description="the one who wears the insoles")


class WebSettings(BaseModel):
    """Where the page is served."""

    model_config = ConfigDict(extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(8321, ge=0, le=65535)
    token: str = Field("", description="needed for any bind beyond this computer")
    hosts: tuple[str, ...] = Field((), description="names beside localhost by which the page may be called")
    mirror_token: str = Field("", description="lets other services bring their logs here; without it none may")

    def check(self) -> None:
        """Refuse to show health data to a network without a token.

        Raises:
            ConfigError: the bind goes beyond loopback and there is no token.
        """
        if not self.token and not _is_loopback(self.host):
            raise ConfigError(
                f"web.host is {self.host}, which other computers can reach: set a token "
                "(INSOLE_WEB__TOKEN in the environment) or keep 127.0.0.1"
            )


def _quiet(text: str) -> str:
    """Check quiet hours where they are read."""
    try:
        _hours(text, "")
        return text
    except ConfigError as error:
        raise ValueError(str(error)) from error


def _zone(name: str) -> str:
    """Check a time zone where it is read."""
    try:
        _hours("", name)
        return name
    except ConfigError as error:
        raise ValueError(str(error)) from error


def _topic(name: str) -> str:
    """Check the topic of a rule."""
    if name and name not in TOPICS:
        *known, last = (repr(each) for each in ("", *TOPICS))
        raise PydanticKnownError("literal_error", {"expected": f"{', '.join(known)} or {last}"})
    return name


QuietText = Annotated[str, AfterValidator(_quiet), Field(description="22:00-07:00, by the wearer's clock")]
ZoneName = Annotated[
    str, AfterValidator(_zone), Field(description="of the wearer's clock; this computer's if left out")
]


class RuleKeys(BaseModel):
    """What is other than usual for a wearer, a topic, or both; what is left out is as for everybody."""

    model_config = ConfigDict(extra="forbid")

    wearer: str = Field("", description="everybody if left out")
    topic: Annotated[str, AfterValidator(_topic)] = Field("", description="every topic if left out")
    urls: tuple[str, ...] | None = None
    cool_down_s: float | None = Field(None, gt=0)
    quiet: QuietText = ""
    zone: ZoneName = ""
    off: bool = False

    def rule(self) -> AlertRule:
        """Return it as the alerts take it."""
        quiet, zone = _hours(self.quiet, self.zone)
        return AlertRule(self.wearer, self.topic, self.urls, self.cool_down_s, quiet, zone, self.off)


class AlertKeys(BaseModel):
    """To whom a flag is told, how often, and when not."""

    model_config = ConfigDict(extra="forbid")

    urls: tuple[str, ...] = Field((), description="Apprise URLs, for example ntfy://topic")
    cool_down_s: float = Field(AlertSettings().cool_down_s, gt=0)
    stale_s: float = Field(AlertSettings().stale_s, gt=0)
    quiet: QuietText = ""
    zone: ZoneName = ""
    rule: tuple[RuleKeys, ...] = Field((), description="the first that fits counts")

    def settings(self) -> AlertSettings:
        """Return them as the alerts take them."""
        quiet, zone = _hours(self.quiet, self.zone)
        return AlertSettings(
            self.urls, self.cool_down_s, self.stale_s, quiet, zone, tuple(each.rule() for each in self.rule)
        )


def _hours(quiet: str, zone: str) -> tuple[Quiet | None, tzinfo | None]:
    return parse_quiet(quiet) if quiet else None, parse_zone(zone) if zone else None


class InfluxKeys(BaseModel):
    """What an InfluxDB asks for beside its address (influx://host:8086/bucket?org=name)."""

    model_config = ConfigDict(extra="forbid")

    token: str = ""


class MirrorKeys(BaseModel):
    """One archive that gets a copy, where it differs from what a plain entry of `mirrors` does."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(description="influx://host:8086/bucket?org=name, or https://host:8321 for another service")
    token: str = Field("", description="of this archive; better in token_file. Without both, influx.token")
    token_file: Path | None = None
    frames: Sampling = Field("full", description="samples at full rate, thinned to thin_hz, or none")
    thin_hz: float = Field(10.0, gt=0, le=1000)
    pace: float = Field(PACE, gt=0, le=1, description="share of the time spent on a copy that lags behind")

    def target(self, influx_token: str) -> MirrorTarget:
        """Return it as the mirror takes it, with its token read.

        Raises:
            ConfigError: the token's file cannot be read.
        """
        token = self.token or (influx_token if self.url.startswith("influx") else "")
        if self.token_file is not None:
            try:
                token = self.token_file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(f"mirror.token_file {self.token_file}: cannot be read: {error}") from error
        return MirrorTarget(self.url, token, self.frames, self.thin_hz, self.pace)


class GrafanaKeys(BaseModel):
    """Where a Grafana shows the data, and how `insole doctor` may look at it."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field("", description="for example http://127.0.0.1:3000")
    token: str = Field("", description="of a service account; or user and password")
    user: str = ""
    password: str = ""


class KeepKeys(BaseModel):
    """How long raw samples are kept; steps, verdicts, notes and all else that is small stay for ever."""

    model_config = ConfigDict(extra="forbid")

    frames_days: float = Field(Keep().frames_days, gt=0, description="counted back from when the wearer was last heard")
    budget_gb: float = Field(Keep().budget_gb, gt=0, description="what the log may take; the oldest samples go first")
    free_gb: float = Field(Keep().free_gb, ge=0, description="what is left free of the disk")

    def keep(self) -> Keep:
        """Return them as the retention takes them."""
        return Keep(self.frames_days, self.budget_gb, self.free_gb)


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(env_prefix="INSOLE_", env_nested_delimiter="__", extra="forbid")

    store: str = Field("sqlite:///insole.sqlite", description="the embedded log")
    insoles: tuple[InsoleSettings, ...] = (
        InsoleSettings(side=Side.LEFT, url="virtual:"),
        InsoleSettings(side=Side.RIGHT, url="virtual:"),
    )
    pods: tuple[PodSettings, ...] = ()
    web: WebSettings = WebSettings()
    alerts: AlertKeys = AlertKeys()
    mirrors: tuple[str, ...] = Field(
        (), description="archives that get a copy, for example influx://127.0.0.1:8086/insole"
    )
    mirror: tuple[MirrorKeys, ...] = Field((), description="archives with settings of their own")
    influx: InfluxKeys = InfluxKeys()
    grafana: GrafanaKeys = GrafanaKeys()
    keep: KeepKeys = KeepKeys()

    @field_validator("insoles")
    @classmethod
    def _one_a_foot(cls, insoles: tuple[InsoleSettings, ...]) -> tuple[InsoleSettings, ...]:
        feet = [(keys.wearer, keys.side) for keys in insoles]
        for wearer, side in feet:
            if feet.count((wearer, side)) > 1:
                raise ValueError(f"{wearer} has several {side} insoles; a foot has one, other people are other wearers")
        return insoles

    @field_validator("pods")
    @classmethod
    def _told_apart(cls, pods: tuple[PodSettings, ...]) -> tuple[PodSettings, ...]:
        if len({pod.wearer for pod in pods}) < len(pods):
            raise ValueError("a wearer has one foot pod; other people are other wearers")
        if len(pods) > 1 and any(_ANY_POD.fullmatch(pod.url) for pod in pods):
            raise ValueError("of several pods each has to be named: ble:NAME or ble:?address=…")
        return pods

    def insoles_of(self, wearer: str | None) -> list[Insole]:
        """Return the insoles of one wearer, or of the only one there is.

        Raises:
            ConfigError: nobody is of that name, it has to be said who, or a file is wrong.
        """
        wearers = list(dict.fromkeys(keys.wearer for keys in self.insoles))
        chosen = wearer or (wearers[0] if len(wearers) == 1 else "")
        if chosen not in wearers:
            asked = f"nobody is named {wearer!r}" if wearer else "say whose insoles with --wearer"
            raise ConfigError(f"{asked}: the settings know {', '.join(wearers) or 'no insole'}")
        return [keys.insole() for keys in self.insoles if keys.wearer == chosen]

    def mirror_targets(self) -> tuple[MirrorTarget, ...]:
        """Return the archives that get a copy: those of `mirrors`, then those of `[[mirror]]`.

        Raises:
            ConfigError: one is named twice, or a token's file cannot be read.
        """
        keys = (*(MirrorKeys(url=url) for url in self.mirrors), *self.mirror)
        urls = [each.url for each in keys]
        if twice := sorted({url for url in urls if urls.count(url) > 1}):
            raise ConfigError(f"mirrors: {twice[0]} is named twice; leave it out of mirrors, or of [[mirror]]")
        return tuple(each.target(self.influx.token) for each in keys)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file, whose keys come in as `init_settings`."""
        return env_settings, init_settings


def load_settings(path: Path | None = None) -> Settings:
    """Read `path`, or `insole.toml` here if there is one, and the environment.

    Raises:
        ConfigError: a file that is missing, is not TOML, or has a wrong key or value; the message names it.
    """
    keys: dict[str, Any] = {}
    source = path or FILE
    if path is not None or source.exists():
        try:
            keys = tomllib.loads(source.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(f"{source}: cannot be read: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{source}: is not TOML: {error}") from error
    try:
        return Settings(**keys)
    except ValidationError as error:
        raise ConfigError(
            "\n".join(_complaint(source, e["loc"], e["msg"], e["type"]) for e in error.errors())
        ) from error


def _complaint(source: Path, where: tuple[int | str, ...], message: str, kind: str) -> str:
    key = ".".join(str(part) for part in where)
    env = "INSOLE_" + "__".join(str(part).upper() for part in where)
    remedy = "no such key; look for a misspelling" if kind == "extra_forbidden" else message
    return f"{source} (or {env}): {key}: {remedy}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
