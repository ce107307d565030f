"""`[channels.email]` of campflow.toml."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

_PORTS = {"none": 25, "starttls": 587, "tls": 465}


class EmailSettings(BaseModel):
    """Where mail goes. Without a `host`, into the Maildir."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str | None = None
    port: int | None = Field(default=None, ge=1, le=65_535)
    security: Literal["none", "starttls", "tls"] = "starttls"
    username: str | None = None
    password: SecretStr | None = None
    verify: bool = True
    ca_file: str | None = None
    timeout: float = Field(default=30.0, gt=0, description="seconds for each answer")
    connections: int = Field(default=2, ge=1, le=50)
    hostname: str | None = None
    return_path: str | None = None
    maildir: str = "mail"

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.username is None) != (self.password is None):
            missing = "password" if self.password is None else "username"
            raise ValueError(f"`{missing}` is missing: a login needs both")
        if self.password is not None and self.security == "none" and self.host not in _LOCAL:
            raise ValueError('a password would be sent in the clear: set security = "starttls" or "tls"')
        return self

    @property
    def smtp_port(self) -> int:
        return self.port or _PORTS[self.security]


_LOCAL = ("localhost", "127.0.0.1", "::1")
