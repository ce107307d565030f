"""`[sinks.slack]`, `[sinks.teams]` and `[sinks.webhook]` of campflow.toml.

None of them is needed to open a project that does not use it: what is missing is said when a campaign notifies it.
"""

import base64
import binascii

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

#: Standard Webhooks: a secret is written with this in front, and has 24 to 64 bytes.
_PREFIX, _SHORTEST, _LONGEST = "whsec_", 24, 64


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    timeout: float = Field(default=15.0, gt=0, description="seconds for an answer")


class SlackSettings(_Settings):
    """`token` of a bot that may `chat:write`; `channel` is a name with `#`, or an id."""

    token: SecretStr | None = None
    channel: str | None = None
    url: str = "https://slack.com/api/"


class TeamsSettings(_Settings):
    """`url` of a workflow that begins with "When a Teams webhook request is received". `private` as for a webhook."""

    url: SecretStr | None = None
    private: bool = False


class WebhookSettings(_Settings):
    """`url` is called with a note each, signed with `secret`. `private` lets it be an address of one's own network."""

    url: str | None = None
    secret: SecretStr | None = None
    private: bool = False

    @field_validator("secret")
    @classmethod
    def _decodes(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            secret_bytes(value)
        return value


def secret_bytes(secret: SecretStr) -> bytes:
    """The key that a Standard Webhooks secret writes. Raises ValueError."""
    try:
        key = base64.b64decode(secret.get_secret_value().removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not _SHORTEST <= len(key) <= _LONGEST:
        raise ValueError(
            f"not a secret of Standard Webhooks: write {_PREFIX} and {_SHORTEST} to {_LONGEST} bytes in base64"
        )
    return key
