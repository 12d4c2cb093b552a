"""Words for a people or a faith in what somebody types at a terminal: asked about, never changed, audited."""

from collections.abc import Mapping
from typing import Any

from fairwatch.apps.telling import told
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.second_line import questions


def answered(
    kind: str, record: Mapping[str, Any], because: str, *, subject: str, actor: str, at: int
) -> dict[str, Any]:
    """Return the audit record of the answer to what a record is asked about; empty where there is nothing to ask.

    Args:
        kind: What record it is, such as `Silence`.
        record: As it is to be written.
        because: Why the word has to stand there; empty where nothing was asked yet.
        subject: Id of the record.
        actor: Who typed it.
        at: When, microseconds UTC.

    Raises:
        ConfigurationError: A word is asked about, and there is no answer.
    """
    asked = list(questions(kind, record))
    if not asked:
        return {}
    if not because.strip():
        field, term = asked[0]
        raise ConfigurationError(f"asked: {field} speaks of {term!r}: is that meant? Then say why with --because")
    words = {f"word in {field}": term for field, term in asked}
    details = {"record": kind, **words, "reason": because.strip()}
    return told("word.registered", subject, actor=actor, at=at, details=details)
