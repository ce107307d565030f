"""What campflow relies on in a command of a plugin, as tests to inherit."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pytest
from typer.testing import CliRunner, Result

from campflow.cli.commands import COMMANDS, app_for
from campflow.errors import CampflowError
from campflow.hooks.contracts import CommandPlugin
from campflow.hooks.offers import checked
from campflow.testing.samples import HOSTILE


class CommandContract:
    """Inherit it, say which plugin it is, and give a command line that works and what it says then.

    plugin  what the hook returns
    line    the words behind the command's name
    said    a part of what is written to standard output
    """

    plugin: ClassVar[CommandPlugin]
    line: ClassVar[Sequence[str]] = ()
    said: ClassVar[str] = ""

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Where the command is given: an empty folder. Overwrite it to put something there."""
        monkeypatch.chdir(tmp_path)
        return tmp_path

    def give(self, *words: str) -> Result:
        name = self.plugin.name
        return CliRunner().invoke(app_for((name,), [self.plugin]), [name, *words])

    def test_what_it_declares_is_sound(self) -> None:
        assert checked(self.plugin, CommandPlugin, "campflow_commands") is self.plugin
        taken = {command.split()[0] for command in COMMANDS}
        assert self.plugin.name not in taken, "campflow has a command of this name, which is the one that runs"

    def test_its_help_says_what_it_does(self) -> None:
        about = (self.plugin.run.__doc__ or "").strip().split("\n")[0]
        assert about, "the docstring of the function is the help"
        result = self.give("--help")
        assert result.exit_code == 0
        assert about.split()[0] in result.output

    def test_a_right_line_does_its_work(self) -> None:
        result = self.give(*self.line)
        assert result.exit_code == 0, result.output
        assert self.said in result.output

    def test_an_option_that_there_is_not_is_wrong_use(self) -> None:
        assert self.give(*self.line, "--no-such-option").exit_code == 2

    def test_odd_words_are_answered(self) -> None:
        """By doing it, by a message, or by a CampflowError, which campflow shows as one."""
        # No system lets a NUL into a word of a command line.
        for text in (each for each in HOSTILE.values() if "\0" not in each):
            for line in ([*self.line[:-1], text], [*self.line, text]):
                result = self.give(*line)
                error = result.exception
                assert error is None or isinstance(error, SystemExit | CampflowError), f"{line!r}: {error!r}"
