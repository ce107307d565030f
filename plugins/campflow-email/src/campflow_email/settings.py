"""`[channels.email]` of campflow.toml."""

import re
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

_PORTS = {"none": 25, "starttls": 587, "tls": 465}


class EmailSettings(BaseModel):
    """Where mail goes: to an SMTP server, or without a `host` into the Maildir; or to a provider over HTTP."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: Literal["smtp", "resend", "sendgrid"] = "smtp"
    api_key: SecretStr | None = None
    url: str | None = None
    batch: int = Field(default=100, ge=1, le=100, description="messages in one request to Resend")
    webhook_secret: SecretStr | None = None
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
    dkim_key: str | None = None
    dkim_domain: str | None = None
    dkim_selector: str = "campflow"
    inbox: str | None = None
    inbox_password: SecretStr | None = None
    inbox_every: float = Field(default=60.0, ge=1, description="seconds between two looks into an empty mailbox")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.username is None) != (self.password is None):
            missing = "password" if self.password is None else "username"
            raise ValueError(f"`{missing}` is missing: a login needs both")
        if self.password is not None and self.security == "none" and self.host not in _LOCAL:
            raise ValueError('a password would be sent in the clear: set security = "starttls" or "tls"')
        if (self.dkim_key is None) != (self.dkim_domain is None):
            missing = "dkim_domain" if self.dkim_domain is None else "dkim_key"
            raise ValueError(f"`{missing}` is missing: signing needs both")
        if self.return_path is not None and not _RETURN_PATH.fullmatch(self.return_path):
            raise ValueError(
                f"`{self.return_path}` is no return path: write bounces@acme.example, or bounces+{{key}}@acme.example, "
                "so that each bounce names its message"
            )
        if self.provider == "smtp" and self.api_key is not None:
            raise ValueError('an `api_key` is for a provider: set provider = "resend" or "sendgrid"')
        if self.url is not None and not self.url.startswith(("https://", "http://localhost:", "http://127.0.0.1:")):
            raise ValueError(f"`{self.url}`: the key would go out in the clear: write an https address")
        if self.webhook_secret is not None:
            # What verifies signatures is loaded where there are some.
            from campflow_email.signed import public_key, shared_secret

            check = shared_secret if self.provider == "resend" else public_key
            check(self.webhook_secret.get_secret_value())
        if self.inbox is not None and not _INBOX.match(self.inbox):
            raise ValueError(f"`{self.inbox}` is no inbox: write imaps://USER@HOST/FOLDER or maildir:FOLDER")
        return self

    @property
    def smtp_port(self) -> int:
        return self.port or _PORTS[self.security]


_RETURN_PATH = re.compile(r"[^\s@{}<>]+(\+\{key\})?@[^\s@{}<>]+")
_INBOX = re.compile(r"maildir:.|imaps?://[^/@]+@[^/@]+(/|$)")
_LOCAL = ("localhost", "127.0.0.1", "::1")
