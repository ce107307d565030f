"""What `campflow.toml`, the environment and flags say: a flag beats `CAMPFLOW_…`, which beats the file.

Nested keys join with two underscores: `CAMPFLOW_CHANNELS__EMAIL__PASSWORD` is `password` in `[channels.email]`.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from campflow.checking.vocabulary import UTM_WORDS, is_name
from campflow.content.wanted import Wanted, tracking_words
from campflow.diagnostics.diagnostic import did_you_mean
from campflow.errors import ProjectError
from campflow.model.amounts import parse_amount
from campflow.model.calendar import is_zone
from campflow.model.currencies import CURRENCIES
from campflow.model.durations import parse_duration
from campflow.model.rates import parse_rate

#: The file that makes a folder a project.
FILE = "campflow.toml"
PREFIX = "CAMPFLOW_"

#: Variables with our prefix that speak to the command itself.
NO_SETTINGS = frozenset({"CAMPFLOW_DEBUG", "CAMPFLOW_FAILPOINT", "CAMPFLOW_PROJECT"})


#: How variables begin that speak to campflow's own tests.
FOR_TESTS = "CAMPFLOW_TEST_"


class SenderSettings(BaseModel):
    """`[sender]`: who the project speaks as; `unsubscribe` is the address that takes people off a list."""

    model_config = ConfigDict(extra="forbid")

    name: str = ""
    email: str = ""
    reply_to: str = ""
    unsubscribe: str = ""


class ConsentSettings(BaseModel):
    """`[consent]`: the purposes for which nobody is written to who has not said yes, and what people read of each."""

    model_config = ConfigDict(extra="forbid")

    opt_in: Annotated[tuple[str, ...], NoDecode] = ()
    topics: dict[str, str | dict[str, str]] = Field(default_factory=dict)

    @field_validator("opt_in", mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        """`CAMPFLOW_CONSENT__OPT_IN=newsletter,offers`"""
        return _split(value)

    @field_validator("opt_in")
    @classmethod
    def _purposes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if not is_name(name):
                raise ValueError(f"`{name}` is not a purpose: write a name as in `purpose newsletter`")
        return value


def _split(value: object) -> object:
    """A list in a variable: names with commas between them."""
    return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value


class WebSettings(BaseModel):
    """`[web]`: where the outside reaches us. Without a `port` nothing is served."""

    model_config = ConfigDict(extra="forbid")

    base_url: str = ""
    host: str = "127.0.0.1"
    port: int | None = Field(default=None, ge=0, le=65_535)
    proxies: Annotated[tuple[str, ...], NoDecode] = ()
    metrics_token: SecretStr | None = Field(default=None, min_length=16)

    @field_validator("proxies", mode="before")
    @classmethod
    def _addresses(cls, value: object) -> object:
        """`CAMPFLOW_WEB__PROXIES=10.0.0.1,10.1.0.0/16`"""
        return _split(value)

    @field_validator("proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            try:
                ip_network(each, strict=False)
            except ValueError:
                raise ValueError(
                    f"`{each}` is no address: write that of the proxy, as in 10.0.0.1 or 10.0.0.0/8"
                ) from None
        return value

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        """Without a slash at its end."""
        parts = urlsplit(value)
        is_plain = not parts.query and not parts.fragment and not parts.username
        if value and not (parts.scheme in ("https", "http") and parts.hostname and is_plain):
            raise ValueError(f"`{value}` is not where we are reached: write for example https://go.acme.example")
        if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError("mail programs unsubscribe by https only: begin with https://, or use localhost to try it")
        return value.rstrip("/")


class RfmSettings(BaseModel):
    """`[rfm]`: the event that the scores are made of, and its field that says how much."""

    model_config = ConfigDict(extra="forbid")

    event: str = "purchase"
    amount: str = "amount"


class ChannelLimits(BaseModel):
    """Keys that `[channels.NAME]` has for every channel, beside those of its plugin: how it may be used.

    `max_bounces` and `max_complaints` are shares of what was accepted within a day, above which it is paused; 1 never
    pauses.
    """

    model_config = ConfigDict(extra="forbid")

    rate: str | None = None
    concurrency: int | None = Field(default=None, ge=1)
    max_bounces: float = Field(default=0.1, gt=0, le=1)
    max_complaints: float = Field(default=0.005, gt=0, le=1)

    @field_validator("rate")
    @classmethod
    def _rate(cls, value: str | None) -> str | None:
        if value is not None:
            parse_rate(value)
        return value


class ChannelTracking(BaseModel):
    """Keys that `[channels.NAME]` has for every channel, too: what is tracked of its messages.

    `track`: yes (openings and clicks), no, or which of opens, clicks and text. `utm`: yes, or what is not as usual.
    """

    model_config = ConfigDict(extra="forbid")

    track: bool | tuple[str, ...] = True
    utm: bool | dict[str, str] = False

    @field_validator("track", mode="before")
    @classmethod
    def _words(cls, value: object) -> object:
        """`CAMPFLOW_CHANNELS__EMAIL__TRACK=clicks,text`"""
        if isinstance(value, str):
            value = {"yes": True, "true": True, "no": False, "false": False}.get(value.lower(), _split(value))
        if tracking_words(value) is None:
            raise ValueError("write yes, no, or which of opens, clicks and text")
        return value

    @field_validator("utm")
    @classmethod
    def _names(cls, value: bool | dict[str, str]) -> bool | dict[str, str]:
        for name in value if isinstance(value, dict) else ():
            if f"utm_{name}" not in UTM_WORDS:
                known = ", ".join(word.removeprefix("utm_") for word in UTM_WORDS)
                raise ValueError(f"there is no utm_{name}: {known} are known")
        return value

    @property
    def wanted(self) -> Wanted:
        words = tracking_words(self.track) or ()
        utm = None if self.utm is False else {} if self.utm is True else self.utm
        return Wanted("opens" in words, "clicks" in words, "text" in words, utm)


def _amount(value: str) -> str:
    parse_amount(value)
    return value


class Settings(BaseSettings):
    """Every key of `campflow.toml`.

    The keys inside `[channels.NAME]` belong to the plugin that makes the channel, and so do those inside
    `[sinks.NAME]`, `[actions.NAME]`, `[webhooks.NAME]`, `[routes.NAME]`, `[executors.NAME]`,
    `[observers.NAME]` and, but for `audiences`,
    `[destinations.NAME]`. `executor` "local": the daemon does the work itself. `plugins` None loads all that are
    installed, and the project's own. `secret` signs links; None lets the project make one and keep it in its database.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid")

    database: str = "sqlite:///campflow.db"
    timezone: str = "UTC"
    currency: str | None = None
    clock: Literal["system", "manual"] = "system"
    expires: str = "1 day"
    secret: str | None = Field(default=None, min_length=16)
    former_secrets: Annotated[tuple[str, ...], NoDecode] = ()
    executor: str = "local"
    plugins: Annotated[tuple[str, ...] | None, NoDecode] = None
    sender: SenderSettings = SenderSettings()
    web: WebSettings = WebSettings()
    rfm: RfmSettings | None = None
    consent: ConsentSettings = ConsentSettings()
    channels: dict[str, dict[str, Any]] = Field(default_factory=dict)
    sinks: dict[str, dict[str, Any]] = Field(default_factory=dict)
    destinations: dict[str, dict[str, Any]] = Field(default_factory=dict)
    actions: dict[str, dict[str, Any]] = Field(default_factory=dict)
    webhooks: dict[str, dict[str, Any]] = Field(default_factory=dict)
    routes: dict[str, dict[str, Any]] = Field(default_factory=dict)
    executors: dict[str, dict[str, Any]] = Field(default_factory=dict)
    observers: dict[str, dict[str, Any]] = Field(default_factory=dict)
    costs: dict[str, Annotated[str, AfterValidator(_amount)]] = Field(default_factory=dict)

    @field_validator("plugins", "former_secrets", mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        """`CAMPFLOW_PLUGINS=email,echo`"""
        return _split(value)

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        if not is_zone(value):
            raise ValueError(f"`{value}` is not a time zone: write an IANA name such as Europe/Paris")
        return value

    @field_validator("currency")
    @classmethod
    def _currency(cls, value: str | None) -> str | None:
        if value is not None and value not in CURRENCIES:
            raise ValueError(f"`{value}` is not a currency: write an ISO 4217 code such as EUR")
        return value

    @field_validator("expires")
    @classmethod
    def _duration(cls, value: str) -> str:
        parse_duration(value)
        return value


def find_root(start: Path) -> Path:
    """The nearest folder with a campflow.toml, `start` or above it. Raises ProjectError where there is none."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder
    raise ProjectError(
        f"there is no {FILE} in {start} or above it: `campflow init` makes a project here, "
        "and `--project DIR` names one elsewhere"
    )


def load_settings(root: Path, flags: Mapping[str, Any] | None = None) -> Settings:
    """The settings of the project in `root`. Raises ProjectError that says where, which key, and what to write."""
    text = _text(root / FILE)
    written = _read_toml(text)
    _refuse_misspelled_variables()

    class Layered(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            """The first wins."""
            return init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=written)

    try:
        return Layered(**(flags or {}))
    except ValidationError as error:
        lines = [said(item, "", text, Settings) for item in error.errors()]
        raise ProjectError("\n".join(lines)) from error
    except SettingsError as error:  # a variable that holds a whole table or list, and is no JSON
        raise ProjectError(
            f"environment: {error}: write it as JSON, or one variable for each key ({PREFIX}TABLE__KEY)"
        ) from error


def said(item: ErrorDetails, prefix: str, text: str, model: type[BaseModel]) -> str:
    """One wrong setting as a sentence: where it is written, its key, what is wrong, what to write.

    `prefix` is the table that `model` describes (`channels.email.`), `text` that of campflow.toml.
    """
    path = [str(part) for part in item["loc"]]
    key = prefix + ".".join(path)
    reason = item["msg"].removeprefix("Value error, ")
    reason = reason[:1].lower() + reason[1:]
    if item["type"] == "extra_forbidden":
        reason = "there is no such setting"
        if question := did_you_mean(path[-1], _keys(model, path[:-1])):
            reason += f"; {question}"
    elif item["type"] == "missing":
        reason = "this setting is needed and not written"
    return f"{place(key, text)}: `{key}`: {reason}"


def place(key: str, text: str) -> str:
    """Where a key or table was set, `text` being that of campflow.toml: its variable, or file and line."""
    variable = PREFIX + key.replace(".", "__").upper()
    if variable in (name.upper() for name in os.environ):
        return f"environment, {variable}"
    table, _, name = key.rpartition(".")
    line = line_of(table, name, text)
    return FILE if line is None else f"{FILE}:{line}"


def line_of(table: str, name: str, text: str) -> int | None:
    """The line of a TOML text where a key of a table is written, or the table with that name in it begins."""
    here, whole = "", f"{table}.{name}" if table else name
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line):
            here = header[1]
            if here == whole:
                return number
        elif here == table and re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*=", line):
            return number
    return None


def _keys(model: type[BaseModel], path: list[str]) -> list[str]:
    """The keys that may stand at `path`; empty where anything may."""
    for part in path:
        inner = model.model_fields[part].annotation if part in model.model_fields else None
        choices = [inner, *getattr(inner, "__args__", ())]
        models = [choice for choice in choices if isinstance(choice, type) and issubclass(choice, BaseModel)]
        if not models:
            return []
        model = models[0]
    return list(model.model_fields)


def _refuse_misspelled_variables() -> None:
    """A variable that is nearly one of ours is a mistake; others with our prefix may be anyone's."""
    known = [PREFIX + key.upper() for key in Settings.model_fields]
    for name in os.environ:
        first = name.split("__")[0]
        ours = name.startswith(PREFIX) and name not in NO_SETTINGS and not name.startswith(FOR_TESTS)
        if ours and first not in known and (question := did_you_mean(first, known)):
            raise ProjectError(f"environment, {name}: there is no such setting; {question}")


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise ProjectError(f"{path} cannot be read ({error.strerror}): check its rights") from error
    except UnicodeDecodeError as error:
        raise ProjectError(f"{path} is not UTF-8: save it as UTF-8") from error


def _read_toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = re.search(r"\(at line (\d+),", str(error))
        line = said[1] if said else max(1, len(text.splitlines()))
        raise ProjectError(f"{FILE}:{line}: this is not valid TOML: {error}") from error
