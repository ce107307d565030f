"""`[channels.sms]` of campflow.toml."""

import re
from decimal import Decimal
from pathlib import PurePath
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from campflow.model.amounts import parse_amount
from campflow_sms.segments import MOST

_FROZEN = ConfigDict(extra="forbid", frozen=True)

#: Names under which this machine is reached: there nothing is read on the way.
_LOCAL = ("localhost", "127.0.0.1", "::1")


class TwilioSettings(BaseModel):
    """The account at Twilio. A key may send only; the account's token signs what Twilio tells us, and may do all."""

    model_config = _FROZEN

    account_sid: str
    api_key: str | None = None
    api_secret: SecretStr | None = None
    auth_token: SecretStr | None = None
    messaging_service: str | None = None
    url: str = "https://api.twilio.com"
    timeout: float = Field(default=30.0, gt=0, description="seconds for a whole answer")

    @field_validator("account_sid")
    @classmethod
    def _account(cls, value: str) -> str:
        return _sid(value, "AC", "an account")

    @field_validator("api_key")
    @classmethod
    def _key(cls, value: str | None) -> str | None:
        return value and _sid(value, "SK", "an API key")

    @field_validator("messaging_service")
    @classmethod
    def _service(cls, value: str | None) -> str | None:
        return value and _sid(value, "MG", "a messaging service")

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        if not value.startswith(("https://", "http://localhost", "http://127.0.0.1")):
            raise ValueError("the key would go out in the clear: write an https address")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.api_key is None) != (self.api_secret is None):
            missing = "api_secret" if self.api_secret is None else "api_key"
            raise ValueError(f"`{missing}` is missing: a key has both")
        return self


class SmppSettings(BaseModel):
    """The message centre, and how it wants to be spoken to."""

    model_config = _FROZEN

    host: str
    port: int = Field(default=2775, ge=1, le=65_535)
    system_id: str = Field(min_length=1, max_length=15)
    password: SecretStr | None = None
    system_type: str = Field(default="", max_length=12)
    tls: bool = True
    ca_file: str | None = None
    bind: Literal["transceiver", "separate"] = "transceiver"
    long: Literal["udh", "sar", "payload"] = "udh"
    receipt_ids: Literal["same", "decimal", "hex"] = "same"
    window: int = Field(default=10, ge=1, le=100, description="messages that wait for their answer at a time")
    enquire_every: float = Field(default=30.0, ge=1, description="seconds of silence after which the centre is asked")
    timeout: float = Field(default=30.0, gt=0, description="seconds for each answer")

    @field_validator("system_id", "system_type")
    @classmethod
    def _ascii(cls, value: str) -> str:
        if not (value.isascii() and (value.isprintable() or not value)):
            raise ValueError("only printable ASCII can be said to a message centre")
        return value

    @field_validator("password")
    @classmethod
    def _password(cls, value: SecretStr | None) -> SecretStr | None:
        secret = value.get_secret_value() if value else ""
        if len(secret) > 64 or not secret.isascii() or "\0" in secret:
            raise ValueError("a password is at most 64 signs of ASCII (8 by the standard)")
        return value


class SmsSettings(BaseModel):
    """Who carries messages, what they cost and what we answer. `provider` None: nobody does yet.

    `file` is below the project: where messages are written with the provider "file".
    """

    model_config = _FROZEN

    provider: Literal["twilio", "smpp", "file"] | None = None
    file: str = "sms.jsonl"
    sender: str | None = None
    price: str | None = None
    max_segments: int = Field(default=4, ge=1, le=MOST)
    answers: bool = True
    language: str = "en"
    stopped: dict[str, str] = Field(default_factory=dict)
    started: dict[str, str] = Field(default_factory=dict)
    help: dict[str, str] = Field(default_factory=dict)
    twilio: TwilioSettings | None = None
    smpp: SmppSettings | None = None

    @field_validator("sender")
    @classmethod
    def _sender(cls, value: str | None) -> str | None:
        if value is not None and not _SENDER.fullmatch(value):
            raise ValueError(
                f"`{value}` cannot be a sender: write a number as in +15552345678, a short code, or at most 11 letters "
                "and digits"
            )
        return value

    @field_validator("file")
    @classmethod
    def _inside(cls, value: str) -> str:
        if ".." in PurePath(value).parts or not value.strip():
            raise ValueError("write a path below the project, or a whole one")
        return value

    @field_validator("price")
    @classmethod
    def _price(cls, value: str | None) -> str | None:
        if value is not None:
            parse_amount(value, round_up=True)
        return value

    @field_validator("stopped", "started", "help")
    @classmethod
    def _answer(cls, value: dict[str, str]) -> dict[str, str]:
        for language, text in value.items():
            if not text.strip() or len(text) > 600:
                raise ValueError(f"the answer in `{language}` is empty or has more than 600 characters")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.provider is not None and getattr(self, self.provider) is None:
            raise ValueError(f"`[channels.sms.{self.provider}]` is not written, and the provider is {self.provider}")
        return self

    def cost(self, segments: int) -> str | None:
        """What a message of so many segments costs, as a Receipt says it."""
        if self.price is None:
            return None
        amount, currency = self.price.split()
        return f"{Decimal(amount) * segments:f} {currency}"


_SENDER = re.compile(r"\+[1-9][0-9]{6,14}|[0-9]{3,8}|(?=.{0,10}[A-Za-z])[A-Za-z0-9 ._&-]{1,11}")


def _sid(value: str, prefix: str, what: str) -> str:
    if not re.fullmatch(f"{prefix}[0-9a-fA-F]{{32}}", value):
        raise ValueError(f"`{value[:40]}` is not the id of {what} at Twilio: copy its {prefix}…, 34 characters")
    return value
