"""What campflow relies on in an action, as tests to inherit."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Protocol

import pytest

from campflow.hooks.contracts import ActionPlugin, Answer, Task
from campflow.hooks.offers import checked
from campflow.testing.life import Applicable, needs, once_each, opened, refuse_a_misspelt_setting, run
from campflow.testing.samples import HOSTILE, ODD_VALUES, context, task


class Deeds(Protocol):
    """Where the action does things. `settings` are the action's, so that it does them here."""

    settings: Mapping[str, object]

    def done(self) -> Sequence[str]:
        """What was done, one text for each; it holds the contact's key."""


class ActionContract(Applicable):
    """Inherit it, say which plugin it is, give `deeds`, and a block's `options` with which it does something."""

    plugin: ClassVar[ActionPlugin]
    options: ClassVar[Mapping[str, object]] = {}

    @pytest.fixture
    def deeds(self, tmp_path: Path) -> Deeds:
        raise NotImplementedError("give the suite a fixture `deeds`")

    @classmethod
    def applies(cls, need: str) -> bool:
        plugin = getattr(cls, "plugin", None)
        return plugin is None or plugin.idempotency == need

    def run(self, deeds: Deeds, folder: Path, *batches: Sequence[Task]) -> list[Answer]:
        """What is answered to these batches, by one open action: one answer for each task."""

        async def work() -> list[Answer]:
            found: list[Answer] = []
            made = self.plugin.make(self.plugin.settings.model_validate(deeds.settings), context(folder))
            async with opened(made) as action:
                for batch in batches:
                    answers = [answer async for answer in action.run(batch)]
                    once_each([each.errand_id for each in batch], [each.errand_id for each in answers])
                    found += answers
            return found

        return run(work)

    def test_what_it_declares_is_sound(self, deeds: Deeds) -> None:
        assert checked(self.plugin, ActionPlugin, "campflow_actions") is self.plugin
        refuse_a_misspelt_setting(self.plugin.settings, deeds.settings)
        assert set(self.options) <= self.plugin.options, "the options of the suite must be the plugin's"

    def test_each_task_is_done_with_an_answer_for_each(self, deeds: Deeds, tmp_path: Path) -> None:
        answers = self.run(deeds, tmp_path, [task(1, self.options), task(2, self.options)], [task(3, self.options)])
        assert {answer.outcome for answer in answers} == {"done"}
        assert [sum(f"person{number}" in each for each in deeds.done()) for number in (1, 2, 3)] == [1, 1, 1]

    def test_odd_options_and_hostile_fields_spoil_their_own_task(self, deeds: Deeds, tmp_path: Path) -> None:
        odd = [{**self.options, name: value} for name in sorted(self.plugin.options) for value in ODD_VALUES]
        odd += [{**self.options, name: text} for name in sorted(self.plugin.options) for text in HOSTILE.values()]
        tasks = [task(number, options) for number, options in enumerate([{}, *odd], start=10)]
        tasks += [
            task(number, self.options, {"first_name": text}, contact_key=text if text.strip() else "x")
            for number, text in enumerate(HOSTILE.values(), start=1_000)
        ]
        answers = []
        for each in tasks:
            answers += self.run(deeds, tmp_path, [each])
        assert all(answer.outcome in ("done", "failed") for answer in answers)
        assert all(answer.detail for answer in answers if answer.outcome == "failed"), "say why, in `detail`"
        assert len(deeds.done()) == sum(answer.outcome == "done" for answer in answers)
        (neighbour,) = self.run(deeds, tmp_path, [task(1, self.options)])
        assert neighbour.outcome == "done"

    @needs("key")
    def test_what_is_asked_for_twice_with_one_key_is_done_once(self, deeds: Deeds, tmp_path: Path) -> None:
        for _ in range(2):
            assert [answer.outcome for answer in self.run(deeds, tmp_path, [task(1, self.options)])] == ["done"]
        assert len(deeds.done()) == 1
