"""campflow's own sources keep what is asked of anybody's."""

from campflow.people.sources import CSV, JSON_LINES
from campflow.testing import SourceContract


class TestCsv(SourceContract):
    plugin = CSV
    file = (b"key,first_name\n", b"ada,Ada\n", b"zoe,Zo\xc3\xab\n")
    rows = ({"key": "ada", "first_name": "Ada"}, {"key": "zoe", "first_name": "Zoë"})
    more = b"bob,Bob\n"


class TestJsonLines(SourceContract):
    plugin = JSON_LINES
    file = (b'{"key": "ada", "first_name": "Ada"}\n', b'{"key": "zoe", "first_name": "Zo\xc3\xab"}\n')
    rows = ({"key": "ada", "first_name": "Ada"}, {"key": "zoe", "first_name": "Zoë"})
    more = b'{"key": "bob"}\n'
