"""`campflow test` in a subprocess: the example shop, a line changed in it, and every form of the answer."""

import json
import shutil
import xml.etree.ElementTree as Xml
from pathlib import Path

import pytest
from tests.cli.test_example_shop import FLOWS, MADE_BY_THE_DEMO
from tests.journeys.command import Campflow


@pytest.fixture
def shop(tmp_path: Path) -> Campflow:
    """A copy of the example project."""
    shutil.copytree(FLOWS, tmp_path / "shop", ignore=shutil.ignore_patterns(*MADE_BY_THE_DEMO))
    return Campflow(tmp_path / "shop")


def line_of(shop: Campflow, text: str, name: str = "tests.flow") -> int:
    lines = (shop.folder / name).read_text("utf-8").split("\n")
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_the_tests_of_the_example_project_pass_and_walk_all_of_it(shop: Campflow) -> None:
    said = shop("test", "--coverage").stdout
    assert "✓ the first order ends the letters   welcome" in said
    assert " passed in " in said
    assert "Tests walk every way out, send and arm." in said
    assert not (shop.folder / "campflow.db").exists()


def test_a_changed_line_fails_with_the_story(shop: Campflow) -> None:
    shop.change("winback.flow", "if in segment best -> gift", "if not in segment best -> gift")
    said = shop("test", "-k", "The Best get", code=1).stdout
    assert "✗ the best get a gift after ninety quiet days   winback" in said
    assert f"tests.flow:{line_of(shop, 'expect eve in gift')}  expect eve in gift" in said
    assert "eve is in `reminder` since 2025-04-30 12:00" in said
    assert "2025-04-20 12:00  entered, and is in missed   winback.flow:7  enter when in segment asleep" in said
    assert f"missed -> reminder   winback.flow:{line_of(shop, '-> reminder', 'winback.flow')}  after 10 days" in said
    assert "send email last_word   message 2, for 2025-05-01 10:00, accepted 2025-05-01 10:00" in said
    assert "0 passed, 1 failed" in said
    # Two lines failed at one moment: one story is enough.
    assert said.count("entered, and is in missed") == 1


def test_json_for_programs(shop: Campflow) -> None:
    shop.change("welcome.flow", "leave     on unsubscribed", "leave     on complained")
    found = json.loads(shop("test", "welcome.flow", "--format", "json").stdout)
    assert found == {"passed": 0, "failed": 0, "tests": []}
    found = json.loads(shop("test", "tests.flow", "--format", "json", "--coverage", code=1).stdout)
    assert (found["passed"], found["failed"]) == (len(found["tests"]) - 1, 1)
    (failed,) = (test for test in found["tests"] if not test["ok"])
    assert (failed["name"], failed["campaign"]) == ("who unsubscribes is left in peace", "welcome")
    first = failed["failures"][0]
    assert (first["file"], first["line"]) == ("tests.flow", line_of(shop, "expect cy left"))
    assert (first["text"], first["found"]) == ("expect cy left", "cy is in `hello` since 2025-03-03 10:00")
    assert first["story"]["journeys"][0]["moves"][0]["text"] == "enter     on signup, once".replace("     ", " ")
    missed = [(line["kind"], line["file"], line["text"]) for line in found["not_walked"]]
    assert missed == [("way out", "welcome.flow", "leave on complained")]


def test_junit_for_continuous_integration(shop: Campflow) -> None:
    shop.write("odd.flow", 'test "<odd> & \\"quoted\\"" of welcome {\n  contact ada\n  expect ada left\n}\n')
    root = Xml.fromstring(shop("test", "--format", "junit", code=1).stdout)  # noqa: S314 -- our own
    suite = root.find("testsuite")
    assert suite is not None
    cases = suite.findall("testcase")
    assert (suite.get("tests"), suite.get("failures")) == (str(len(cases)), "1")
    (failed,) = (case for case in cases if case.find("failure") is not None)
    assert (failed.get("name"), failed.get("classname")) == ('<odd> & "quoted"', "welcome")
    failure = failed.find("failure")
    assert failure is not None
    assert failure.get("message") == "ada has not entered `welcome`"
    assert "odd.flow:3  expect ada left" in (failure.text or "")


def test_wrong_use_and_wrong_files(shop: Campflow) -> None:
    assert "no test has `zzz` in its name" in shop("test", "-k", "zzz", code=2).stderr
    shop("test", "nowhere", code=2)
    shop.change("tests.flow", "expect bo converted", "expect bo convertd")
    assert "error[" in shop("test", code=1).stderr
    assert "tests.flow" in shop("check", code=1).stdout


def test_a_project_without_tests_says_how_one_begins(project: Campflow) -> None:
    assert 'test "a click is enough" of CAMPAIGN {' in project("test").stdout
