"""What the command line tells the audit log: who did what, signed with the key of this machine where it has one."""

import os
import pwd
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from fairwatch.domain.clock import SystemClock
from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.ids import stable_id
from fairwatch.policy.signatures import PrivateKey
from fairwatch.wire.bonds import BOND, BOUND, Bonds
from fairwatch.wire.producer import Producer
from fairwatch.wire.refused_records import COMMAND_LINE
from fairwatch.wire.signed_audit import NO_PERSON, TOPIC, sign_audit

if TYPE_CHECKING:
    from fairwatch.apps.settings import Settings

OPERATOR: Final = "operator:"
METHODS: Final = {True: "operating-system", False: "command-line"}  # how an operator, and a person, is known here


def operator() -> str:
    """Return who acts at this command line, as the operating system knows them: not what LOGNAME or USER say."""
    number = os.getuid()
    try:
        return OPERATOR + pwd.getpwuid(number).pw_name
    except KeyError:  # a container may run as anybody
        return f"{OPERATOR}uid-{number}"


def told(
    action: str,
    subject: str,
    *,
    actor: str = "",
    at: int | None = None,
    details: Mapping[str, str] | None = None,
    authorisation_id: str | None = None,
) -> dict[str, Any]:
    """Return the audit record of what somebody does at a command line.

    Args:
        action: What is done.
        subject: To what.
        actor: Who does it; whoever the operating system says where it is left out.
        at: When, microseconds UTC; now where it is left out.
        details: Further facts; never a face, template or credential.
        authorisation_id: Under which authorisation.
    """
    actor, at = actor or operator(), SystemClock().now() if at is None else at
    said = dict(details or {})
    return {
        "audit_id": stable_id("audit", action, subject, actor, at, *said.values()),
        "action": action,
        "actor": actor,
        "at": at,
        "subject": subject,
        "authorisation_id": authorisation_id,
        "details": said,
    }


async def tell(settings: "Settings", record: Mapping[str, Any]) -> None:
    """Write an audit record; return once the broker has it, RetryableError where it does not take it."""
    from fairwatch.apps.kafka import producer  # noqa: PLC0415  which makes the producers of this module

    async with producer(settings, "cli") as publisher:
        await publisher.publish(TOPIC, record["subject"], record)


class CommandLine(Producer):
    """Writes what is done at a command line; what the audit log is told is signed where this machine has a key.

    What takes away a record that only processors write bears their bond, where this machine has their secret.
    """

    def __init__(self, bootstrap: str, settings: "Settings", **options: Any) -> None:
        """Take the settings that name the keys, and what a producer takes."""
        super().__init__(bootstrap, **options)
        self._bonds = Bonds(settings.chain_key.get_secret_value().encode())
        self._settings = settings
        self._keys: list[PrivateKey | None] = []

    async def publish(self, topic: str, key: str, record: Any, headers: Mapping[str, bytes] | None = None) -> None:
        """Write one record, as of `Producer`."""
        if topic == TOPIC and record is not None:
            record = self._signed(record)
        if topic in BOUND and record is None and self._bonds:
            headers = {**(headers or {}), **self._bound(topic, key)}
        await super().publish(topic, key, record, headers)

    def _bound(self, topic: str, key: str) -> dict[str, bytes]:
        """Return headers that prove that whoever takes something away has the secret of the processors."""
        record_id = stable_id("event", topic, key, SystemClock().now()).encode()
        return {"ce_id": record_id, BOND: self._bonds.header(COMMAND_LINE, topic, key.encode(), record_id, b"")}

    def _signed(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        from fairwatch.apps.keys import must_be_signed  # noqa: PLC0415  which writes by this

        key = self._key_of_this_machine()
        if key is None and NO_PERSON not in record["actor"] and TOPIC in must_be_signed(self._settings):
            what = f"the audit log is told nothing of {record['actor']} without: there is no key here to sign with"
            raise ConfigurationError(f"FAIRWATCH_SIGNING_KEY_FILE: {what}")
        if key is None or record.get("deed"):
            return record
        return sign_audit(record, key, method=METHODS[record["actor"].startswith(OPERATOR)])

    def _key_of_this_machine(self) -> PrivateKey | None:
        """Return the key, read when something is told for the first time: a KMS is asked once."""
        from fairwatch.apps.keys import signing_key  # noqa: PLC0415  which writes by this

        if not self._keys:
            self._keys.append(signing_key(self._settings))
        return self._keys[0]
