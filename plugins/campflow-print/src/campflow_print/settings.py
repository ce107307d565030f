"""`[channels.letter]` of campflow.toml."""

from pathlib import PurePath
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from campflow.model.countries import COUNTRIES
from campflow_print.windows import WINDOWS


class LetterSettings(BaseModel):
    """How letters are set and where the files for the printer go."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: str = "letters"
    window: str = "sn010130_right"
    country: str = Field(default="CH", description="where letters are posted: abroad gets its country line")
    sender_line: str = Field(default="", max_length=80, description="the return address above the address")
    letterhead: str | None = Field(default=None, description="a picture below every page, bleed included")
    bleed: float = Field(default=0.0, ge=0, le=10, description="millimetres")
    crop_marks: bool = False
    scan_url: str | None = Field(default=None, description="where a scanned code leads first: …/hooks/letter")

    @field_validator("window")
    @classmethod
    def _window(cls, value: str) -> str:
        if value not in WINDOWS:
            raise ValueError(f"`{value}` is no window: choose {', '.join(WINDOWS)}")
        return value

    @field_validator("country")
    @classmethod
    def _country(cls, value: str) -> str:
        if value not in COUNTRIES:
            raise ValueError(f"`{value}` is not a country: write a code of two capital letters such as CH")
        return value

    @field_validator("sender_line")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("the return address is one line")
        return value

    @field_validator("folder", "letterhead")
    @classmethod
    def _inside(cls, value: str | None) -> str | None:
        if value is not None and (".." in PurePath(value).parts or not value.strip()):
            raise ValueError("write a path below the project, or a whole one")
        return value

    @field_validator("scan_url")
    @classmethod
    def _https(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("https://", "http://localhost", "http://127.0.0.1")):
            raise ValueError("write an https address that leads to /hooks/letter of the web part")
        return value

    @model_validator(mode="after")
    def _marks(self) -> Self:
        if self.crop_marks and not self.bleed:
            raise ValueError("crop marks stand outside of the bleed: set `bleed`, usually 3")
        return self
