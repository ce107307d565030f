"""`[channels.lob]` of campflow.toml."""

import re

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from campflow.model.amounts import parse_amount
from campflow.model.countries import COUNTRIES
from campflow_lob.pieces import PIECES


class LobSettings(BaseModel):
    """The account at Lob. Test keys print and post nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    api_key: SecretStr | None = None
    sender: str | None = Field(default=None, description="the id of our own address at Lob: adr_…")
    country: str = Field(default="US", description="where a contact without a country lives")
    prices: dict[str, str] = Field(default_factory=dict, description="what a piece costs, by its kind")
    webhook_secret: SecretStr | None = None
    url: str = "https://api.lob.com/v1"
    timeout: float = Field(default=30.0, gt=0, description="seconds for a whole answer")

    @field_validator("sender")
    @classmethod
    def _sender(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"adr_[a-zA-Z0-9]+", value):
            raise ValueError(f"`{value}` is not the id of an address at Lob: save yours there and copy its adr_…")
        return value

    @field_validator("country")
    @classmethod
    def _country(cls, value: str) -> str:
        if value not in COUNTRIES:
            raise ValueError(f"`{value}` is not a country: write a code of two capital letters such as US")
        return value

    @field_validator("prices")
    @classmethod
    def _prices(cls, value: dict[str, str]) -> dict[str, str]:
        for piece, amount in value.items():
            if piece not in PIECES:
                raise ValueError(f"`{piece}` is no kind of mail: choose {', '.join(PIECES)}")
            parse_amount(amount)
        return value

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        if not value.startswith(("https://", "http://localhost", "http://127.0.0.1")):
            raise ValueError("the key would go out in the clear: write an https address")
        return value
