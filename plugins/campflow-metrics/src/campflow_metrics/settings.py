"""`[sinks.statsd]`, `[sinks.otel]` and `[sinks.sql]` of campflow.toml."""

import re

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StatsdSettings(_Settings):
    """Where the packets go, and whether labels are tags."""

    host: str = "127.0.0.1"
    port: int = Field(default=8125, ge=1, le=65_535)
    prefix: str = "campflow"
    tags: bool = False

    @field_validator("prefix")
    @classmethod
    def _name(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*", value):
            raise ValueError(f"`{value}` cannot begin a name: write letters, digits, `_`, and single dots between them")
        return value


class OtelSettings(_Settings):
    """A receiver of OTLP over HTTP."""

    endpoint: str = "http://127.0.0.1:4318/v1/metrics"
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    timeout: float = Field(default=10.0, gt=0, description="seconds, all tries together")

    @field_validator("endpoint")
    @classmethod
    def _url(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            raise ValueError(f"`{value}` is no address: write http:// or https://, with the path /v1/metrics")
        return value


class SqlSettings(_Settings):
    """A table of any database that SQLAlchemy speaks to."""

    url: SecretStr | None = None
    table: str = "campflow_figures"

    @field_validator("table")
    @classmethod
    def _name(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", value):
            raise ValueError(f"`{value}` is no name of a table: write letters, digits and `_`")
        return value
