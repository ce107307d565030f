"""`[channels.mastodon]`, `[channels.bluesky]`, `[channels.linkedin]` and `[channels.facebook]` of campflow.toml."""

import re

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    timeout: float = Field(default=30.0, gt=0, description="seconds for a whole answer")
    count: bool = Field(default=True, description="ask how posts were received: likes, reposts and replies")


def safe(value: str) -> str:
    """Keys go out in the clear over anything else."""
    if not value.startswith(("https://", "http://localhost", "http://127.0.0.1")):
        raise ValueError(f"`{value}` is not an https address")
    return value.rstrip("/")


class MastodonSettings(_Settings):
    """An account on any server that speaks Mastodon's API."""

    server: str = Field(default="https://mastodon.social", description="where the account is")
    access_token: SecretStr | None = None
    visibility: str = Field(default="public", description="public, unlisted or private")
    characters: int = Field(default=500, ge=1, le=100_000, description="the most that this server takes in a post")

    @field_validator("server")
    @classmethod
    def _server(cls, value: str) -> str:
        return safe(value)

    @field_validator("visibility")
    @classmethod
    def _visibility(cls, value: str) -> str:
        if value not in VISIBILITIES:
            raise ValueError(f"`{value}` is none of {', '.join(VISIBILITIES)}")
        return value


#: `direct` is left out: what nobody but the mentioned can read is no post.
VISIBILITIES = ("public", "unlisted", "private")


class BlueskySettings(_Settings):
    """An account on a personal data server of the AT protocol."""

    server: str = Field(default="https://bsky.social", description="the personal data server of the account")
    identifier: str | None = Field(default=None, description="the handle, as in tea.example")
    app_password: SecretStr | None = None

    @field_validator("server")
    @classmethod
    def _server(cls, value: str) -> str:
        return safe(value)


class LinkedInSettings(_Settings):
    """A member or an organisation that may post."""

    author: str | None = Field(default=None, description="urn:li:organization:… or urn:li:person:…")
    access_token: SecretStr | None = None
    version: str = Field(default="202601", description="of the API, as LinkedIn-Version has it: YYYYMM")
    url: str = "https://api.linkedin.com"

    @field_validator("author")
    @classmethod
    def _author(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"urn:li:(organization|person):[A-Za-z0-9_-]+", value):
            raise ValueError(f"`{value}` is no author: write urn:li:organization:… or urn:li:person:…")
        return value

    @field_validator("version")
    @classmethod
    def _version(cls, value: str) -> str:
        if not re.fullmatch(r"20\d\d(0[1-9]|1[0-2])", value):
            raise ValueError(f"`{value}` is no version: write the year and the month, as in 202601")
        return value

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        return safe(value)


class FacebookSettings(_Settings):
    """A Page, and a token of its own."""

    page: str | None = Field(default=None, description="the Page's id, a number")
    access_token: SecretStr | None = None
    app_secret: SecretStr | None = Field(default=None, description="proves that the token is used by the app itself")
    url: str = "https://graph.facebook.com/v23.0"

    @field_validator("page")
    @classmethod
    def _page(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"\d{1,32}", value):
            raise ValueError(f"`{value}` is not the id of a Page, which is a number")
        return value

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        return safe(value)
