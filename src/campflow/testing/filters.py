"""What campflow relies on in a filter of templates, as tests to inherit."""

import datetime as dt
import time
from collections.abc import Sequence
from typing import ClassVar

import pytest
from markupsafe import escape

from campflow.content.filter_words import Filters
from campflow.content.templates import compile_text
from campflow.errors import ContentError
from campflow.hooks.contracts import FilterPlugin
from campflow.hooks.offers import checked
from campflow.testing.samples import HOSTILE

#: Seconds of the processor in which a filter must be done with the longest of the hostile texts.
PATIENCE = 0.5

#: What a field may hold that the filter is not made for.
VALUES: tuple[object, ...] = ("", "Ada", 7, -1.5, True, dt.date(2026, 3, 2), ("a", "b"))


class FilterContract:
    """Inherit it, say which plugin it is, and give examples.

    plugin    what the hook returns
    examples  a value, what is written behind the `|`, and the text that stands there then: `("Ada", "upper", "ADA")`
    """

    plugin: ClassVar[FilterPlugin]
    examples: ClassVar[Sequence[tuple[object, str, str]]]

    def filled(self, value: object, written: str = "", *, html: bool = False) -> str:
        """`{{ value | written }}`, written as the first example where nothing is said."""
        filters: Filters = frozenset([(self.plugin.name, self.plugin.function)])
        text = "{{ value | " + (written or self.examples[0][1]) + " }}"
        return compile_text(text, html=html, name="the text", filters=filters).fill({"value": value})

    def test_what_it_declares_is_sound(self) -> None:
        assert checked(self.plugin, FilterPlugin, "campflow_filters") is self.plugin
        assert self.examples, "give the suite an example"

    def test_it_makes_what_the_examples_say(self) -> None:
        for value, written, text in self.examples:
            assert self.filled(value, written) == text, f"{value!r} | {written}"

    def test_a_missing_value_spoils_no_message(self) -> None:
        """A field with `?` is None where the contact has none."""
        self.filled(None)

    def test_what_it_is_not_made_for_spoils_its_own_message_at_most(self) -> None:
        for value in VALUES:
            try:
                self.filled(value)
            except ContentError:
                continue

    def test_hostile_texts_stay_texts(self) -> None:
        for name, text in HOSTILE.items():
            plain = self.filled(text)
            assert self.filled(text, html=True) == str(escape(plain)), f"{name}: what is made in HTML is escaped once"

    def test_the_same_makes_the_same_and_quickly(self) -> None:
        for text in HOSTILE.values():
            before = time.process_time()
            assert self.filled(text) == self.filled(text)
            if time.process_time() - before > PATIENCE:
                pytest.fail(f"it takes more than {PATIENCE} seconds for a text of {len(text)} characters")
