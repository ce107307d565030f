"""What campflow relies on in a sink, as tests to inherit: one suite for texts of `notify`, one for figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Protocol

import pytest

from campflow.hooks.contracts import Answer, Note, Sink, SinkPlugin, TextSink
from campflow.hooks.offers import checked
from campflow.testing.life import once_each, opened, refuse_a_misspelt_setting, run
from campflow.testing.samples import HOSTILE, context, measurement, note


class Texts(Protocol):
    """Where texts arrive. `settings` are the sink's, so that they arrive here."""

    settings: Mapping[str, object]

    def taken(self) -> Sequence[str]:
        """Each text that has arrived."""


class SinkContract:
    """For a sink with `texts`. Inherit it, say which plugin it is, and give `texts`."""

    plugin: ClassVar[SinkPlugin]

    @pytest.fixture
    def texts(self, tmp_path: Path) -> Texts:
        raise NotImplementedError("give the suite a fixture `texts`")

    def tell(self, texts: Texts, folder: Path, *batches: Sequence[Note]) -> list[Answer]:
        """What is answered to these batches, by one open sink: one answer for each note."""
        make = self.plugin.texts
        assert make is not None, "this suite is for a sink with `texts`"

        async def work() -> list[Answer]:
            found: list[Answer] = []
            sink: TextSink = make(self.plugin.settings.model_validate(texts.settings), context(folder))
            async with opened(sink):
                for batch in batches:
                    answers = [answer async for answer in sink.notify(batch)]
                    once_each([each.errand_id for each in batch], [each.errand_id for each in answers])
                    found += answers
            return found

        return run(work)

    def test_what_it_declares_is_sound(self, texts: Texts) -> None:
        assert checked(self.plugin, SinkPlugin, "campflow_sinks") is self.plugin
        refuse_a_misspelt_setting(self.plugin.settings, texts.settings)

    def test_each_text_arrives_with_an_answer_for_each(self, texts: Texts, tmp_path: Path) -> None:
        answers = self.tell(texts, tmp_path, [note(1, "word1word"), note(2, "word2word")], [note(3, "word3word")])
        assert {answer.outcome for answer in answers} == {"done"}
        assert [sum(f"word{n}word" in text for text in texts.taken()) for n in (1, 2, 3)] == [1, 1, 1]

    def test_hostile_texts_stay_texts(self, texts: Texts, tmp_path: Path) -> None:
        batch = [note(number, text) for number, text in enumerate(HOSTILE.values(), start=1)]
        answers = self.tell(texts, tmp_path, batch)
        done = [answer for answer in answers if answer.outcome == "done"]
        assert len(texts.taken()) == len(done), "a text must not become two, or none"

    def test_it_can_be_opened_again(self, texts: Texts, tmp_path: Path) -> None:
        self.tell(texts, tmp_path, [note(1, "one")])
        self.tell(texts, tmp_path, [note(2, "two")])
        assert len(texts.taken()) == 2


class Figures(Protocol):
    """Where figures arrive. `settings` are the sink's, so that they arrive here."""

    settings: Mapping[str, object]

    def taken(self) -> Sequence[tuple[str, float]]:
        """Each figure that has arrived: the name of its measurement and its value, the latest last."""


class FigureContract:
    """For a sink with `figures`. Inherit it, say which plugin it is, and give `figures`."""

    plugin: ClassVar[SinkPlugin]

    @pytest.fixture
    def figures(self, tmp_path: Path) -> Figures:
        raise NotImplementedError("give the suite a fixture `figures`")

    def sink(self, figures: Figures, folder: Path) -> Sink:
        make = self.plugin.figures
        assert make is not None, "this suite is for a sink with `figures`"
        return make(self.plugin.settings.model_validate(figures.settings), context(folder))

    def test_what_it_declares_is_sound(self, figures: Figures) -> None:
        assert checked(self.plugin, SinkPlugin, "campflow_sinks") is self.plugin
        refuse_a_misspelt_setting(self.plugin.settings, figures.settings)

    def test_figures_arrive(self, figures: Figures, tmp_path: Path) -> None:
        sink = self.sink(figures, tmp_path)
        sink.publish([measurement("sent", 12, campaign="spring", channel="email"), measurement("queue", 0.5)])
        assert sorted(figures.taken()) == [("queue", 0.5), ("sent", 12.0)]

    def test_a_look_at_which_nothing_was_measured_is_no_mistake(self, figures: Figures, tmp_path: Path) -> None:
        self.sink(figures, tmp_path).publish([])
        assert list(figures.taken()) == []

    def test_names_of_campaigns_stay_names(self, figures: Figures, tmp_path: Path) -> None:
        sent = [measurement("sent", number, campaign=text) for number, text in enumerate(HOSTILE.values())]
        self.sink(figures, tmp_path).publish(sent)
        assert sorted(figures.taken()) == [("sent", float(number)) for number in range(len(sent))]

    def test_figures_are_published_again_and_again(self, figures: Figures, tmp_path: Path) -> None:
        sink = self.sink(figures, tmp_path)
        for value in (1, 2, 3):
            sink.publish([measurement("sent", value, campaign="spring")])
        assert list(figures.taken())[-1] == ("sent", 3.0)
