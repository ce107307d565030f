"""What campflow relies on in a destination of audiences, as tests to inherit."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import ClassVar, Protocol

import pytest

from campflow.errors import PluginError
from campflow.hooks.contracts import AudiencePlugin, Destination
from campflow.hooks.offers import checked
from campflow.testing.life import opened, refuse_a_misspelt_setting, run
from campflow.testing.samples import HOSTILE, context, member


class Members(Protocol):
    """Where audiences are kept. `settings` are the destination's, so that it keeps them here."""

    settings: Mapping[str, object]

    def of(self, audience: str) -> Collection[str]:
        """The keys (or whatever it knows people by) of those who are in it; each person once."""


class AudienceContract:
    """Inherit it, say which plugin it is, and give `members`."""

    plugin: ClassVar[AudiencePlugin]

    @pytest.fixture
    def members(self, tmp_path: Path) -> Members:
        raise NotImplementedError("give the suite a fixture `members`")

    def destination(self, members: Members, folder: Path) -> Destination:
        return self.plugin.make(self.plugin.settings.model_validate(members.settings), context(folder))

    def change(self, members: Members, folder: Path, *changes: tuple[str, str, str]) -> None:
        """Each is "add" or "remove", an audience, and keys with blanks between them."""

        async def work() -> None:
            async with opened(self.destination(members, folder)) as destination:
                for what, audience, keys in changes:
                    people = [member(key) for key in keys.split()]
                    await (destination.add if what == "add" else destination.remove)(audience, people)

        run(work)

    def test_what_it_declares_is_sound(self, members: Members) -> None:
        assert checked(self.plugin, AudiencePlugin, "campflow_audiences") is self.plugin
        refuse_a_misspelt_setting(self.plugin.settings, members.settings)

    def test_people_come_and_go(self, members: Members, tmp_path: Path) -> None:
        self.change(members, tmp_path, ("add", "lost", "ada bob zoe"), ("remove", "lost", "bob"))
        assert len(members.of("lost")) == 2

    def test_audiences_are_kept_apart(self, members: Members, tmp_path: Path) -> None:
        self.change(members, tmp_path, ("add", "lost", "ada bob"), ("add", "won", "zoe"), ("remove", "won", "ada"))
        assert (len(members.of("lost")), len(members.of("won"))) == (2, 1)

    def test_twice_is_once(self, members: Members, tmp_path: Path) -> None:
        """After a crash campflow says it again."""
        self.change(members, tmp_path, ("add", "lost", "ada bob"))
        self.change(members, tmp_path, ("add", "lost", "ada bob"), ("remove", "lost", "bob"))
        self.change(members, tmp_path, ("remove", "lost", "bob"))
        assert len(members.of("lost")) == 1

    def test_removing_who_was_never_there_is_no_mistake(self, members: Members, tmp_path: Path) -> None:
        self.change(members, tmp_path, ("remove", "nobody_yet", "ada"))
        assert len(members.of("nobody_yet")) == 0

    def test_a_batch_as_large_as_it_takes(self, members: Members, tmp_path: Path) -> None:
        keys = " ".join(f"person{number}" for number in range(min(self.plugin.batch, 1_000)))
        self.change(members, tmp_path, ("add", "lost", keys))
        assert len(members.of("lost")) == len(keys.split())

    def test_hostile_names_are_refused_or_kept_as_they_are(self, members: Members, tmp_path: Path) -> None:
        """Whoever cannot be kept is refused by an exception; nobody else is added, removed or changed by it."""
        self.change(members, tmp_path, ("add", "lost", "ada"))
        kept = 1
        for text in HOSTILE.values():

            async def work(text: str = text) -> bool:
                async with opened(self.destination(members, tmp_path)) as destination:
                    try:
                        await destination.add("lost", [member(text, {"email": text, "first_name": text})])
                    except PluginError:
                        raise  # that would say that nobody can be added now
                    except Exception:
                        return False
                    return True

            kept += run(work)
        assert len(members.of("lost")) == kept
