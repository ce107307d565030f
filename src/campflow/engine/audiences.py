"""Taking a person out of the audiences that `sync` put them into."""

from collections.abc import Sequence

from campflow import failpoints
from campflow.engine.doors import Doors, Outside
from campflow.engine.trouble import reason
from campflow.hooks.contracts import Member


async def withdraw(outside: Outside, audiences: Sequence[str], member: Member) -> dict[str, str]:
    """Take them out everywhere. What could not be done: the reason, by `AUDIENCE at DESTINATION`.

    Only destinations that campflow.toml still names for the audience can be asked.
    """
    failed: dict[str, str] = {}
    async with Doors(outside) as doors:
        for audience in audiences:
            for name in outside.audiences.get(audience, ()):
                try:
                    destination = await doors.destinations.open(name)
                    with failpoints.around("destination.remove"):
                        await destination.remove(audience, [member])
                # A plugin is not ours: whatever it raises, they may still be there.
                except Exception as error:
                    failed[f"{audience} at {name}"] = reason(error)
    return failed
