"""The signature of the console under what a person does: that this person was signed in, and wanted it."""

from collections.abc import Mapping
from typing import Any

from fairwatch.console.desk import Desk, SignedIn
from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.ids import stable_id
from fairwatch.domain.records import Deed
from fairwatch.wire.deeds import sign_deed

METHOD = "password"


def signed(desk: Desk, visitor: SignedIn, record_type: str, record: Mapping[str, Any], *, act: str, role: str) -> Deed:
    """Return the deed of who is signed in; the record is dated `decided_at` or now.

    Raises:
        ConfigurationError: The console has no key.
    """
    if desk.config.signing_key is None:
        raise ConfigurationError("FAIRWATCH_SIGNING_KEY_FILE: the console has no key to sign with")
    return sign_deed(
        record_type,
        record,
        desk.config.signing_key,
        act=act,
        name=visitor.person.name,
        role=role,
        at=record.get("decided_at") or desk.clock.now(),
        method=METHOD,
        session_id=stable_id("session", visitor.token),
    )
