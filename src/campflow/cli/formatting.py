"""`campflow fmt`: one layout for every `.flow` file."""

import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from campflow.cli.main import CLEAN, FINDINGS
from campflow.cli.show import counted, printable, show_findings
from campflow.errors import ProjectError

if TYPE_CHECKING:
    from campflow.diagnostics.source import Source

_STANDARD_INPUT = Path("-")


def fmt(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATH",
            help="Files, or folders with all .flow files below them. - reads a text and prints it formatted. "
            "Default: the current folder.",
        ),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Change nothing, and say which files would change.")] = False,
) -> None:
    """Bring .flow files into their one layout; what they mean stays the same.

    A file with syntax errors is not touched: they are shown, and the exit code is 1. With --check it is 1 as well where
    a file would change.
    """
    for path in paths or []:
        if path != _STANDARD_INPUT and not path.exists():
            raise typer.BadParameter(f"there is no {path}", param_hint="PATH")
    tidying = _Tidying(check)
    for path in paths or [Path()]:
        if path == _STANDARD_INPUT:
            tidying.standard_input()
        else:
            tidying.below(path)
    tidying.say_what_was_done()
    raise typer.Exit(FINDINGS if tidying.failed or (check and tidying.changed) else CLEAN)


@dataclass
class _Tidying:
    """One run of the command: how many files it met, and how many of them were to be changed or could not be."""

    check: bool
    seen: set[Path] = field(default_factory=set)
    changed: int = 0
    failed: int = 0
    piped: bool = False

    def below(self, path: Path) -> None:
        from campflow.flow_files import flow_files

        for file in flow_files(path) if path.is_dir() else [path]:
            if file.resolve() not in self.seen:
                self.seen.add(file.resolve())
                self._file(file)

    def standard_input(self) -> None:
        """Prints the text, formatted; nothing with --check, and nothing where it has syntax errors."""
        from campflow.diagnostics.source import Source

        self.piped = True
        try:
            source = Source("standard input", sys.stdin.buffer.read().decode("utf-8"))
        except UnicodeDecodeError as error:
            self._cannot(f"standard input is not UTF-8 (byte {error.start})")
            return
        text = self._formatted(source)
        if text is None:
            return
        if self.check:
            self._count(source, text)
        else:
            sys.stdout.write(text)

    def _file(self, path: Path) -> None:
        from campflow.flow_files import read_flow

        shown = path.as_posix()
        try:
            source = read_flow(path, shown)
            text = self._formatted(source)
            if text is not None and self._count(source, text) and not self.check:
                _replace(path.resolve(), text)
        except ProjectError as error:
            self._cannot(str(error))
        except OSError as error:
            self._cannot(f"{shown} cannot be written ({error.strerror}): check its rights")

    def _formatted(self, source: "Source") -> str | None:
        """The text in its layout; None where it has syntax errors, which are shown."""
        from campflow.language.formatter import format_text

        result = format_text(source)
        if isinstance(result, str):
            return result
        self.failed += 1
        show_findings(result, {source.path: source}, sys.stderr)
        return None

    def _count(self, source: "Source", text: str) -> bool:
        """Names the file if the text is not what it holds."""
        if text == source.text:
            return False
        self.changed += 1
        print(f"{'would change' if self.check else 'formatted'}: {printable(source.path)}")
        return True

    def _cannot(self, message: str) -> None:
        self.failed += 1
        print(f"campflow: {printable(message)}", file=sys.stderr)

    def say_what_was_done(self) -> None:
        if self.piped:
            return
        if not self.seen:
            print("there is no .flow file here: `campflow init` shows what one looks like")
            return
        parts = [f"{counted(self.changed, 'file')} {'would change' if self.check else 'formatted'}"] * bool(
            self.changed
        )
        parts += [f"{counted(self.failed, 'file')} could not be formatted"] * bool(self.failed)
        fine = len(self.seen) - self.changed - self.failed
        parts += [f"{counted(fine, 'file')} already as it should be"] * bool(fine)
        print(", ".join(parts))


def _replace(path: Path, text: str) -> None:
    """Writes a file anew, whole or not at all, with the rights it had. Raises OSError."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.write_bytes(text.encode("utf-8"))
        shutil.copymode(path, fresh)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
