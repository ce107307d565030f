"""A change of live campaigns as people read it, and what is no longer as a plan has it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from campflow.cli.show import counted, printable

if TYPE_CHECKING:
    from campflow.engine.changes import CampaignChange, Changes, Group, StageChange


def show(changes: "Changes", how: str | None, meanings: Mapping[str, Sequence[str]]) -> None:
    """The plan as a text; `how` is the command that does it, None where it is done.

    `meanings` are lines on what the new texts say otherwise, by campaign.
    """
    for each in changes.campaigns:
        if each.what != "unchanged":
            for line in (*_lines(each), *_said(meanings.get(each.name, ()) if each.what == "changed" else ())):
                print(printable(line))
            print()
        elif each.fails or each.refused:
            for line in (f"campaign {each.name}   unchanged", *_trouble(each)):
                print(printable(line))
            print()
    kinds = [each.what for each in changes.campaigns]
    told = [f"{kinds.count(what)} {what}" for what in ("new", "changed", "gone", "unchanged") if what in kinds]
    if changes.refused:
        print(f"{', '.join(told)}. Refused: nothing can be applied until the texts say what is to happen.")
    elif not changes.any:
        print("Nothing changed." if how is None else "Nothing would change.")
    else:
        print(f"{', '.join(told)}. {'Done.' if how is None else f'`{how}` does it.'}")


def _lines(change: "CampaignChange") -> Iterator[str]:
    reach = "   edits reach newcomers" if change.reach == "newcomers" and change.what == "changed" else ""
    yield f"campaign {change.name}   {change.what}{reach}{'   destructive' if change.destructive else ''}"
    for stage in change.stages:
        if stage.people or stage.before != stage.after:
            yield from _of_stage(change, stage)
    if change.entered:
        yield f"  {counted(change.entered, 'journey')} begin at once"
    if change.converted:
        yield f"  {counted(change.converted, 'conversion')} counted at once"
    for each in change.planned:
        late = ", too late to be sent" if each.state == "expired" else ""
        yield f"  {each.count:,} {each.channel} {each.message} planned at once{late}"
    if change.cancelled:
        yield f"  {counted(change.cancelled, 'message')} cancelled"
    yield from _trouble(change)
    for line in change.proposals:
        yield f"  is it the same stage under another name? then write:  {line}"


def _trouble(change: "CampaignChange") -> Iterator[str]:
    if change.fails:
        yield f"  fails: {change.fails}"
    for reason in change.refused:
        yield f"  refused: {reason}"


def _said(meaning: Sequence[str]) -> Iterator[str]:
    if meaning:
        yield "  what the text says now:"
        yield from (f"  {line}" for line in meaning)


def _of_stage(change: "CampaignChange", stage: "StageChange") -> Iterator[str]:
    said = "" if stage.before == stage.after else " (new)" if stage.after else " (gone)"
    yield f"  {stage.name}{said}   {stage.people:,} inside"
    if change.refused:
        return
    for group in stage.groups:
        yield f"    {group.people:,} {_fate(change, group)}"


def _fate(change: "CampaignChange", group: "Group") -> str:
    if change.what == "gone":
        return "stay where they are, and nothing moves them any more"
    if group.moved:
        where = "leave at once" if group.to is None else f"move to {group.to} at once"
        return f"{where}, and their journey ends" if group.ends and group.to is not None else where
    if group.ends:
        return "have come to the end: the stage is final now"
    wait = {"same": "", "earlier": ", and time moves them earlier", "later": ", and time moves them later"}[group.wait]
    if group.carried is not None:
        return f"go on in {group.carried} with the time they came{wait}"
    return f"stay{wait}" + (", with the text they entered under" if group.version is not None else "")


# --- plans that are out of date ---------------------------------------------------------------------------------


def differences(agreed: Mapping[str, Any], done: Mapping[str, Any]) -> Iterator[str]:
    """What is not as the plan has it, the causes before what follows from them."""
    for path in sorted({*agreed["files"], *done["files"]}):
        was, is_now = agreed["files"].get(path), done["files"].get(path)
        if was != is_now:
            yield f"{path}: {'new' if was is None else 'gone' if is_now is None else 'changed'} since then"
    before = {each["name"]: each for each in agreed["campaigns"]}
    after = {each["name"]: each for each in done["campaigns"]}
    for name in dict.fromkeys((*before, *after)):
        if name not in before or name not in after:
            yield f"campaign {name}: {'not in the plan' if name not in before else 'no longer there'}"
        elif before[name]["was"] != after[name]["was"]:
            yield f"campaign {name}: another text was put into force since then"
        elif before[name] != after[name]:
            yield from _in_campaign(f"campaign {name}", before[name], after[name])


def _in_campaign(place: str, was: Mapping[str, Any], is_now: Mapping[str, Any]) -> Iterator[str]:
    stages = {each["name"]: each for each in was["stages"]}
    counted_ = False
    for stage in is_now["stages"]:
        old = stages.get(stage["name"], {"people": 0})
        if old["people"] != stage["people"]:
            counted_ = True
            yield f"{place}, stage {stage['name']}: {stage['people']:,} people now, {old['people']:,} in the plan"
    if not counted_:
        keys = [key for key in is_now if was.get(key) != is_now[key]]
        yield f"{place}: other effects than in the plan ({', '.join(keys)})"
