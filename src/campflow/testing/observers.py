"""What campflow relies on in an observer, as tests to inherit."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Protocol

import pytest

from campflow.hooks.contracts import Moved, ObserverPlugin, Settled
from campflow.hooks.offers import checked
from campflow.testing.life import opened, refuse_a_misspelt_setting, run
from campflow.testing.samples import HOSTILE, context, moved, settled


class Notebook(Protocol):
    """Where what is told arrives. `settings` are the observer's, so that it arrives here."""

    settings: Mapping[str, object]

    def taken(self) -> Sequence[str]:
        """What has arrived, a text for each move and each fate of a message, in the order in which it came.

        That of a move holds `campaign contact_key to_stage` in this order, that of a fate `campaign contact_key state`,
        whatever stands between them.
        """


class ObserverContract:
    """Inherit it, say which plugin it is, and give `notebook`."""

    plugin: ClassVar[ObserverPlugin]

    @pytest.fixture
    def notebook(self, tmp_path: Path) -> Notebook:
        raise NotImplementedError("give the suite a fixture `notebook`")

    def tell(self, notebook: Notebook, folder: Path, *batches: Sequence[Moved] | Sequence[Settled]) -> None:
        """Tell these batches to one open observer, one after the other."""

        async def work() -> None:
            made = self.plugin.make(self.plugin.settings.model_validate(notebook.settings), context(folder))
            async with opened(made) as observer:
                for batch in batches:
                    moves = [each for each in batch if isinstance(each, Moved)]
                    fates = [each for each in batch if isinstance(each, Settled)]
                    await (observer.moved(moves) if moves else observer.settled(fates))

        run(work)

    def test_what_it_declares_is_sound(self, notebook: Notebook) -> None:
        assert checked(self.plugin, ObserverPlugin, "campflow_observers") is self.plugin
        refuse_a_misspelt_setting(self.plugin.settings, notebook.settings)

    def test_all_arrives_in_its_order(self, notebook: Notebook, tmp_path: Path) -> None:
        self.tell(notebook, tmp_path, [moved(1), moved(2)], [settled(1), settled(2)], [moved(3)])
        wanted = [("person1", "stage1"), ("person2", "stage2"), ("person1", "accepted"), ("person2", "accepted"),
                  ("person3", "stage3")]  # fmt: skip
        taken = list(notebook.taken())
        assert len(taken) == len(wanted), "one text for each"
        for text, (person, word) in zip(taken, wanted, strict=True):
            assert person in text
            assert word in text.partition(person)[2]

    def test_what_is_told_twice_does_no_harm(self, notebook: Notebook, tmp_path: Path) -> None:
        """After a crash or a failure the same comes again: the numbers tell, where that matters."""
        self.tell(notebook, tmp_path, [moved(1), moved(2)], [settled(1)])
        self.tell(notebook, tmp_path, [moved(1), moved(2)], [moved(3)], [settled(1)])
        for person, word in (("person1", "stage1"), ("person3", "stage3"), ("person1", "accepted")):
            assert any(word in each.partition(person)[2] for each in notebook.taken()), f"{person} {word} is lost"

    def test_a_whole_batch_is_taken(self, notebook: Notebook, tmp_path: Path) -> None:
        self.tell(notebook, tmp_path, [moved(number) for number in range(1, self.plugin.batch + 1)])
        assert len(notebook.taken()) == self.plugin.batch

    def test_hostile_names_and_details_stay_what_they_are(self, notebook: Notebook, tmp_path: Path) -> None:
        keys = [text for text in HOSTILE.values() if text.strip()]
        self.tell(notebook, tmp_path, [moved(number, contact_key=key) for number, key in enumerate(keys, start=1)])
        assert len(notebook.taken()) == len(keys), "a move must not become two, or none"
        fates = [settled(number, detail=text) for number, text in enumerate(HOSTILE.values(), start=1)]
        self.tell(notebook, tmp_path, fates)
        assert len(notebook.taken()) == len(keys) + len(fates)

    def test_nobody_is_moved_by_anything_but_the_line(self, notebook: Notebook, tmp_path: Path) -> None:
        """Who enters comes from nowhere, who leaves goes nowhere, and the clock is no event."""
        self.tell(notebook, tmp_path, [moved(1, entering=True), moved(2, leaving=True)], [settled(3, to_nobody=True)])
        assert len(notebook.taken()) == 3
