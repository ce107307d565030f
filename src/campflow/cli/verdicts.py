"""What came of tests: for people with the story of whom a test failed, as JSON, and as JUnit's XML."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from campflow.cli.show import console, printable

if TYPE_CHECKING:
    from rich.text import Text

    from campflow.engine.coverage import Walkable
    from campflow.engine.rehearsal import Failure, Outcome
    from campflow.project import Project


@dataclass(frozen=True, slots=True)
class Ran:
    """A test that was run, and how many seconds it took."""

    outcome: "Outcome"
    seconds: float


def show(ran: Ran, project: "Project") -> None:
    """One line for a test that passed; for one that failed the lines, what was found, and the stories too."""
    from rich.text import Text

    test, ok = ran.outcome.test, ran.outcome.ok
    line = Text("✓ ", style="green") if ok else Text("✗ ", style="bold red")
    line.append(printable(test.title), style="not bold default" if ok else "default")
    _print(line.append(f"   {test.campaign}", style="not bold dim"))
    for each in told(ran.outcome, project):
        _print(Text("    ").append_text(each) if each.plain else each)


def show_end(ran: Sequence[Ran], missed: "Sequence[Walkable] | None") -> None:
    """How many passed and failed; and the lines that no test walked, where that was asked for."""
    from rich.text import Text

    failed = sum(not each.outcome.ok for each in ran)
    counts = f"{len(ran) - failed:,} passed" + (f", {failed:,} failed" if failed else "")
    if ran:
        seconds = sum(each.seconds for each in ran)
        _print(Text(counts, style="red" if failed else "green").append(f" in {seconds:.1f} s", style="dim"))
    else:
        print('There is no test yet. One begins `test "a click is enough" of CAMPAIGN {`, in any .flow file.')
    if missed:
        print(f"\nNo test walked {'this line' if len(missed) == 1 else f'these {len(missed):,} lines'}:")
        for each in missed:
            _print(Text(f"  {each.span.path}:{each.span.line}  ", style="cyan").append(each.text, style="default"))
    elif missed is not None:
        print("Tests walk every way out, send and arm.")


def _print(line: "Text") -> None:
    console().print(line, soft_wrap=True)


def told(outcome: "Outcome", project: "Project") -> "Iterator[Text]":
    """The lines that failed, what was found, and the contacts' stories up to there; the same story is told once."""
    from rich.text import Text

    from campflow.cli.telling import tell

    following = [*outcome.failures[1:], None]
    for failure, after in zip(outcome.failures, following, strict=False):
        span = failure.step.span
        yield Text(f"{span.path}:{span.line}  ", style="cyan").append(printable(failure.step.text), style="default")
        yield Text(printable(failure.found), style="red")
        if after and (after.person, after.journeys) == (failure.person, failure.journeys):
            continue
        yield Text()
        if failure.person is not None:
            for line in tell(failure.person, failure.journeys, project, outcome.zone):
                yield from line.split("\n", include_separator=False)
            yield Text()


# --- for programs -----------------------------------------------------------------------------------------------


def as_json(ran: Sequence[Ran], missed: "Sequence[Walkable] | None", project: "Project") -> dict[str, Any]:
    """`not_walked` is there only where coverage was asked for."""
    failed = sum(not each.outcome.ok for each in ran)
    found: dict[str, Any] = {
        "passed": len(ran) - failed,
        "failed": failed,
        "tests": [_test_json(each.outcome, project) for each in ran],
    }
    if missed is not None:
        found["not_walked"] = [
            {"kind": each.kind, "campaign": each.campaign, **_place(each), "text": each.text} for each in missed
        ]
    return found


def _test_json(outcome: "Outcome", project: "Project") -> dict[str, Any]:
    return {
        "name": outcome.test.title,
        "campaign": outcome.test.campaign,
        "ok": outcome.ok,
        **_place(outcome.test),
        "failures": [_failure_json(each, project) for each in outcome.failures],
    }


def _failure_json(failure: "Failure", project: "Project") -> dict[str, Any]:
    from campflow.cli.telling import story_json

    story = story_json(failure.person, failure.journeys, project) if failure.person is not None else None
    return {**_place(failure.step), "text": failure.step.text, "found": failure.found, "story": story}


def _place(written: Any) -> dict[str, Any]:
    return {"file": written.span.path, "line": written.span.line}


def as_junit(ran: Sequence[Ran], project: "Project") -> str:
    """The XML that continuous integration reads: a case for each test, its failures with the story in them."""
    from xml.etree import ElementTree as Xml

    failed = sum(not each.outcome.ok for each in ran)
    seconds = f"{sum(each.seconds for each in ran):.3f}"
    counts = {"tests": str(len(ran)), "failures": str(failed), "errors": "0", "skipped": "0", "time": seconds}
    root = Xml.Element("testsuites", counts)
    suite = Xml.SubElement(root, "testsuite", {"name": "campflow", **counts})
    for each in ran:
        test = each.outcome.test
        names = {"classname": test.campaign, "name": printable(test.title), "time": f"{each.seconds:.3f}"}
        case = Xml.SubElement(suite, "testcase", {**names, "file": test.span.path, "line": str(test.span.line)})
        if each.outcome.failures:
            found = "; ".join(printable(failure.found) for failure in each.outcome.failures)
            element = Xml.SubElement(case, "failure", {"message": found, "type": "expect"})
            element.text = "\n".join(line.plain for line in told(each.outcome, project))
    Xml.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{Xml.tostring(root, encoding="unicode")}\n'
