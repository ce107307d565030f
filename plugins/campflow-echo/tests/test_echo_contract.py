"""What campflow relies on, of the smallest plugin."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest

from campflow.hooks.contracts import Message
from campflow.testing import ActionContract, Answer, AudienceContract, ChannelContract, SinkContract
from campflow_echo import campflow_actions, campflow_audiences, campflow_channels, campflow_sinks


class Lines:
    """A file of a project, and what its lines hold behind the tabs."""

    settings: Mapping[str, object] = {"file": "out.txt"}

    def __init__(self, folder: Path) -> None:
        self.file = folder / "out.txt"

    def taken(self) -> list[str]:
        return [line.rpartition("\t")[2] for line in self._lines()]

    def done(self) -> list[str]:
        return self._lines()

    def will_answer(self, answer: Answer, message: Message) -> None:
        raise AssertionError("a file says nothing")

    def _lines(self) -> list[str]:
        return self.file.read_text("utf-8").split("\n")[:-1] if self.file.exists() else []


class TestChannel(ChannelContract):
    plugin = campflow_channels()[0]

    @pytest.fixture
    def provider(self, tmp_path: Path) -> Lines:
        return Lines(tmp_path)


class TestSink(SinkContract):
    plugin = campflow_sinks()[0]

    @pytest.fixture
    def texts(self, tmp_path: Path) -> Lines:
        return Lines(tmp_path)


class TestAction(ActionContract):
    plugin = campflow_actions()[0]
    options: ClassVar[Mapping[str, object]] = {"say": "hello"}

    @pytest.fixture
    def deeds(self, tmp_path: Path) -> Lines:
        return Lines(tmp_path)


class Files:
    """The folder of audiences."""

    settings: Mapping[str, object] = {"folder": "kept"}

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "kept"

    def of(self, audience: str) -> list[str]:
        file = self.folder / f"{audience}.txt"
        return file.read_text("utf-8").split("\n")[:-1] if file.exists() else []


class TestDestination(AudienceContract):
    plugin = campflow_audiences()[0]

    @pytest.fixture
    def members(self, tmp_path: Path) -> Files:
        return Files(tmp_path)
