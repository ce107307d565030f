"""The smallest sink, destination and action: lines in files, too."""

from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

from pydantic import BaseModel

from campflow.hooks.contracts import Action, Answer, ChannelContext, Destination, Member, Note, Task, TextSink


def one_line(text: str) -> str:
    """With a blank for each break, so that nobody writes a line of his own."""
    return " ".join(text.split())


class NotesSettings(BaseModel, extra="forbid"):
    """`file` is below the project."""

    file: str = "notes.txt"


class EchoSink:
    """A line for each `notify`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def open(self) -> None:
        """Nothing to get ready."""

    async def notify(self, notes: Sequence[Note]) -> AsyncIterator[Answer]:
        with self.path.open("a", buffering=1, encoding="utf-8") as file:
            for note in notes:
                file.write(f"{one_line(note.contact_key)}\t{one_line(note.text)}\n")
                yield Answer(note.errand_id, "done")

    async def close(self) -> None:
        """Nothing is held open."""


def make_sink(settings: BaseModel, context: ChannelContext) -> TextSink:
    return EchoSink(Path(context.folder) / NotesSettings.model_validate(settings.model_dump()).file)


class MembersSettings(BaseModel, extra="forbid"):
    """`folder` is below the project: a file for each audience."""

    folder: str = "audiences"


class EchoDestination:
    """A file for each audience, a line for each member, in order. Written anew each time, so that twice is once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def open(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)

    async def add(self, audience: str, members: Sequence[Member]) -> None:
        keys = {member.contact_key for member in members}
        if torn := [key for key in keys if [key] != key.splitlines()]:
            raise ValueError(f"{torn[0]!r} is not one line")
        self._write(audience, self._members(audience) | keys)

    async def remove(self, audience: str, members: Sequence[Member]) -> None:
        self._write(audience, self._members(audience) - {member.contact_key for member in members})

    async def close(self) -> None:
        """Nothing is held open."""

    def _members(self, audience: str) -> set[str]:
        path = self.folder / f"{audience}.txt"
        return set(path.read_text("utf-8").split("\n")[:-1]) if path.exists() else set()

    def _write(self, audience: str, members: Iterable[str]) -> None:
        new = self.folder / f"{audience}.new"
        new.write_text("".join(f"{member}\n" for member in sorted(members)), "utf-8")
        new.replace(self.folder / f"{audience}.txt")


def make_destination(settings: BaseModel, context: ChannelContext) -> Destination:
    return EchoDestination(Path(context.folder) / MembersSettings.model_validate(settings.model_dump()).folder)


class DeedsSettings(BaseModel, extra="forbid"):
    """`file` is below the project."""

    file: str = "deeds.txt"


class EchoAction:
    """A line for each `do`: its key, who, and its option `say`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def open(self) -> None:
        """Nothing to get ready."""

    async def run(self, tasks: Sequence[Task]) -> AsyncIterator[Answer]:
        with self.path.open("a", buffering=1, encoding="utf-8") as file:
            for task in tasks:
                if "say" not in task.options:
                    yield Answer(task.errand_id, "failed", "there is nothing to say: write the option `say`")
                    continue
                file.write(f"{task.key}\t{one_line(task.contact_key)}\t{one_line(str(task.options['say']))}\n")
                yield Answer(task.errand_id, "done")

    async def close(self) -> None:
        """Nothing is held open."""


def make_action(settings: BaseModel, context: ChannelContext) -> Action:
    return EchoAction(Path(context.folder) / DeedsSettings.model_validate(settings.model_dump()).file)
