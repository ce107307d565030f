"""What campflow relies on in a source of people and events, as tests to inherit."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice, repeat
from typing import ClassVar

from campflow.hooks.contracts import BadRow, Row, SourcePlugin
from campflow.hooks.offers import checked


class SourceContract:
    """Inherit it, say which plugin it is, and give a small file with what it says.

    plugin  what the hook returns
    file    the lines of a right file, two records or more, each line with its end
    rows    its records, in order
    more    a line that can follow again and again; None where the format has an end
    """

    plugin: ClassVar[SourcePlugin]
    file: ClassVar[Sequence[bytes]]
    rows: ClassVar[Sequence[Mapping[str, object]]]
    more: ClassVar[bytes | None] = None

    def read(self, lines: Sequence[bytes]) -> list[Row | BadRow]:
        return list(self.plugin.source.rows(iter(lines)))

    def values(self, lines: Sequence[bytes]) -> list[Mapping[str, object]]:
        return [each.values for each in self.read(lines) if isinstance(each, Row)]

    def test_what_it_declares_is_sound(self) -> None:
        assert checked(self.plugin, SourcePlugin, "campflow_sources") is self.plugin
        assert all(each.startswith(".") for each in self.plugin.source.suffixes), "endings with their dot"

    def test_the_records_are_read_in_order(self) -> None:
        assert self.values(self.file) == list(self.rows)
        numbers = [each.line for each in self.read(self.file)]
        assert numbers == sorted(set(numbers)), "lines count up, as an editor counts them"
        assert 1 <= numbers[0] <= numbers[-1] <= len(self.file)

    def test_it_may_be_read_again(self) -> None:
        assert self.read(self.file) == self.read(self.file)
        assert self.values(self.file) == list(self.rows)

    def test_a_mark_at_the_beginning_and_ends_of_lines_of_windows_change_nothing(self) -> None:
        windows = [line.rstrip(b"\r\n") + b"\r\n" for line in self.file]
        assert self.values(windows) == list(self.rows)
        assert self.values([b"\xef\xbb\xbf" + self.file[0], *self.file[1:]]) == list(self.rows)
        assert self.values([*self.file[:-1], self.file[-1].rstrip(b"\r\n")]) == list(self.rows)

    def test_an_empty_file_has_no_records(self) -> None:
        assert self.values([]) == []

    def test_what_cannot_be_read_is_a_bad_row_and_the_rest_is_read(self) -> None:
        """Never an exception: a file of a million lines is not lost for one of them."""
        for rubbish in (b"\xff\xfe\xfa\n", b"\0\0\n", b'"\n', b"{\n", b"[" * 5_000 + b"\n", b"," * 5_000 + b"\n"):
            found = self.read([*self.file, rubbish, *([] if self.more is None else [self.more])])
            assert [each.values for each in found if isinstance(each, Row)][: len(self.rows)] == list(self.rows)
            assert all(each.reason for each in found if isinstance(each, BadRow)), "say why, in `reason`"

    def test_it_reads_no_further_than_it_is_asked(self) -> None:
        """Memory does not grow with the file: a record is there long before the end."""
        if self.more is None:
            return
        taken = 0

        def lines() -> Iterator[bytes]:
            nonlocal taken
            for line in chain(self.file, repeat(self.more or b"", 5_000)):
                taken += 1
                yield line

        found = list(islice(self.plugin.source.rows(lines()), 100))
        assert len(found) == 100
        assert taken < 5_000, "the whole file was read before the first record was given"
