"""Leaves the group on behalf of a process of our name that was killed, so that nobody waits until its session is over.

Whoever joins a group waits for all its members, also for one that is dead, until its session has ended: ten seconds in
which no member handles anything. A process that is started again under its name (a container in its pod) knows that the
one before is gone. It joins first and takes the dead one out then: in a group that is empty for a moment, the broker
would wait three seconds for others who might join.

Should the other be alive after all, two processes having one name, it joins again; what it had under way is refused.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import structlog
from aiokafka.errors import KafkaError

AGAIN_S = 0.2

log = structlog.get_logger()


class Roll(Protocol):
    """The group, as one of its members asks for it."""

    @property
    def member_id(self) -> str:
        """Who we are, or ask to be."""
        ...

    async def members(self) -> Mapping[str, str]:
        """Return client ids by member id."""
        ...

    async def dismiss(self, member_id: str) -> None:
        """Take a member out."""
        ...


async def dismiss_predecessor(
    group: Roll, name: str, pause: Callable[[float], Awaitable[object]] = asyncio.sleep
) -> None:
    """Wait until the broker counts us among the members, and take out who bears our name besides.

    Args:
        group: That we are joining.
        name: Of this process; no other that is alive has it.
        pause: Waits so many seconds before the broker is asked again.
    """
    while True:
        try:
            members = await group.members()
            ours = group.member_id
            if ours in members:
                for member, client in members.items():
                    if member != ours and client.rpartition("@")[0] == name:
                        log.info("group.left_for_predecessor", member=member)
                        await group.dismiss(member)
                return
        except (KafkaError, OSError, TimeoutError) as error:
            log.debug("group.members_unknown", error=repr(error))
        await pause(AGAIN_S)
