"""The letter channel keeps what campflow relies on in every channel."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests import paper

from campflow.content import postal
from campflow.hooks.contracts import Message
from campflow.testing import Answer, ChannelContract, Provider
from campflow_print import LETTER

PLACE = {"first_name": "Ada", "last_name": "Lovelace", "postcode": "8001", "city": "Zürich"}


class Printer:
    """Who fetches the batches: reads every page of every file."""

    settings: Mapping[str, object] = {}

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "letters"

    def taken(self) -> Sequence[str]:
        pages = [paper.text(batch / "letters.pdf") for batch in sorted(self._folder.glob("20*"))]
        # One letter begins where an address stands.
        return [letter for each in pages for letter in each.split("Ada Lovelace")[1:]]

    def will_answer(self, answer: Answer, message: Message) -> None:
        raise NotImplementedError


@paper.poppler
class TestLetter(ChannelContract):
    plugin = LETTER

    @pytest.fixture
    def provider(self, tmp_path: Path) -> Provider:
        return Printer(tmp_path)

    def address(self, number: int) -> str:
        return f"Hauptstrasse {number}"

    def message(
        self,
        number: int,
        text: str = "Hello",
        *,
        options: Mapping[str, object] | None = None,
        address: str | None = None,
    ) -> Message:
        """The suite's people have no postal address."""
        made = super().message(number, text, options=options, address=address)
        part = {**json.loads(made.parts[postal.PART]), **PLACE}
        return replace(made, parts={**made.parts, postal.PART: json.dumps(part)})

    def test_an_address_that_is_none_spoils_its_own_message(self, provider: Provider, tmp_path: Path) -> None:
        """A street may hold commas and numbers; two lines in one field are somebody else's address."""
        bad = ["", " ", "\0", "x" * 2_000, "Weg 1\r\n8000 Zürich", "Weg 1\nEve", "Weg 1\u2028Eve", "Weg 1\x85Eve"]
        for number, address in enumerate(bad, start=2):
            window = [self.message(1, "word1word"), self.message(number, f"word{number}word", address=address)]
            (receipts,) = self.send(provider, tmp_path, window)
            assert (receipts[1].outcome, receipts[number].outcome) == ("accepted", "rejected"), repr(address)
            assert self.arrived(provider, f"word{number}word") == 0
