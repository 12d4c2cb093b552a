"""Sites at the console: which are armed now and who said so last; people arm and disarm them, signed and audited."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from fairwatch.console.access import CITED, may
from fairwatch.console.asking import LONGEST, asked
from fairwatch.console.desk import DESK, SIGNED_IN, Desk, answer, refusal
from fairwatch.console.requests import sent_object
from fairwatch.console.signing import armed as signed
from fairwatch.domain.ports import Reference
from fairwatch.policy.arming import TOPIC, audited, changed, changes_of


@dataclass(frozen=True)
class ArmingDesk:
    """What the console needs for arming sites.

    Attributes:
        sites: All sites by id.
        known: What counts of what was said of each.
        armed: Says whether a site is armed at a time in microseconds, by its schedule too.
        following: Keep these up to date; none where somebody else does.
    """

    sites: Reference
    known: Reference
    armed: Callable[[str, int], bool]
    following: Sequence[Coroutine[Any, Any, None]] = ()


ARMING: web.AppKey[ArmingDesk] = web.AppKey("arming", ArmingDesk)


async def list_sites(request: web.Request) -> web.Response:
    """Return each site, whether it is armed now, who changed that last, and what the person may change."""
    desk, person, arming = request.app[DESK], request[SIGNED_IN].person, request.app[ARMING]
    now, rights = desk.clock.now(), {"arm": may(person, "site.arm"), "disarm": may(person, "site.disarm")}
    found = sorted(arming.sites.items(), key=lambda item: item[0])
    views = [
        {
            "site_id": site_id,
            "name": site.get("name") or site_id,
            "armed": arming.armed(site_id, now),
            "last": _last(desk, changes_of(arming.known, site_id)),
            "may": rights if not person.sites or site_id in person.sites else {"arm": False, "disarm": False},
        }
        for site_id, site in found
    ]
    return answer({"sites": views})


async def arm_site(request: web.Request) -> web.Response:
    """Arm a site; 201 once the broker has it."""
    return await _change(request, armed=True)


async def disarm_site(request: web.Request) -> web.Response:
    """Disarm a site; 201 once the broker has it."""
    return await _change(request, armed=False)


async def _change(request: web.Request, *, armed: bool) -> web.Response:
    desk, visitor, arming = request.app[DESK], request[SIGNED_IN], request.app[ARMING]
    body = await sent_object(request, "an object with reason")
    site_id, reason, now = request.match_info["id"], body.get("reason"), desk.clock.now()
    if not isinstance(reason, str) or not 0 < len(reason.strip()) <= LONGEST:
        return refusal(400, "no_reason", f"Say why, in 1 to {LONGEST} characters.")
    if arming.sites.get(site_id) is None:
        return refusal(404, "unknown", "There is no such site.")
    if visitor.person.sites and site_id not in visitor.person.sites:
        return refusal(403, "other_site", "You do not look after this site.")
    if any(change["at"] >= now for change in changes_of(arming.known, site_id)):
        return refusal(409, "later", "It was changed at a time that is still to come: look at the clocks.")
    words = asked("reason", reason, body)
    if question := words.question():
        return question
    name = visitor.person.name
    record = changed(
        arming.known.get(site_id), site_id, armed=armed, at=now, by=name, way="PERSON", reason=reason.strip()
    )
    await words.audit(desk, name, site_id)
    audit = audited(record)
    await desk.publisher.publish("audit", site_id, {**audit, "details": {**CITED.get(), **audit["details"]}})
    await desk.publisher.publish(TOPIC, site_id, signed(desk, visitor, record))
    return answer({"site_id": site_id, "armed": armed}, 201)


def _last(desk: Desk, changes: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the last change of a site as people see it; None where only its schedule, or nobody, says anything."""
    if not changes:
        return None
    change = changes[-1]
    by_person = change.get("way", "PERSON") == "PERSON"
    name = desk.people.display(change["by"]) if by_person else change["by"]
    return {
        "armed": change["armed"],
        "at": change["at"],
        "by_name": name,
        "by_device": not by_person,
        "reason": change.get("reason", ""),
    }
