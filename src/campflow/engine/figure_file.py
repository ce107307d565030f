"""The sink `file`: figures as lines of a file, JSON or CSV by its ending. A new process appends."""

import io
import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, field_validator

from campflow.hooks.contracts import ChannelContext, Measurement, Sink, SinkPlugin
from campflow.spreadsheet import CsvTable


class FileSettings(BaseModel, extra="forbid"):
    """`path` is below the project, and ends with .jsonl or .csv."""

    path: str = "figures.jsonl"

    @field_validator("path")
    @classmethod
    def _known(cls, value: str) -> str:
        if not value.endswith((".jsonl", ".csv")):
            raise ValueError(f"`{value}` is neither: let it end with .jsonl or .csv")
        return value


class FigureFile:
    def __init__(self, path: Path) -> None:
        self.path = path

    def publish(self, measurements: Sequence[Measurement]) -> None:
        lines = _csv(measurements) if self.path.suffix == ".csv" else _json(measurements)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not lines:
            return
        # One write: who reads meanwhile sees whole lines.
        with self.path.open("a", encoding="utf-8", newline="") as file:
            if self.path.suffix == ".csv" and file.tell() == 0:
                file.write("at,name,value,labels\r\n")
            file.write(lines)


def _json(measurements: Sequence[Measurement]) -> str:
    lines = (
        {"at": each.at.isoformat(), "name": each.name, "value": each.value, **dict(each.labels)}
        for each in measurements
    )
    return "".join(json.dumps(line) + "\n" for line in lines)


def _csv(measurements: Sequence[Measurement]) -> str:
    text = io.StringIO()
    table = CsvTable(text)
    for each in measurements:
        labels = " ".join(f"{name}={value}" for name, value in each.labels.items())
        table.row((each.at.isoformat(), each.name, each.value, labels))
    return text.getvalue()


def _make(settings: BaseModel, context: ChannelContext) -> Sink:
    return FigureFile(Path(context.folder) / FileSettings.model_validate(settings).path)


FILE_SINK = SinkPlugin("file", FileSettings, figures=_make)
