"""Calls under /VIID/System: who makes them, read as widely as devices write them."""

import codecs
from dataclasses import dataclass
from typing import Any, Self

import orjson

from fairwatch.domain.errors import FairwatchError, RejectedError

ID = "deviceid"


@dataclass(frozen=True, slots=True)
class SystemCall:
    """One call.

    Attributes:
        viid_id: Who calls by its own account; empty when it does not say.
        fault: What is wrong with the body, for a caller that has proved itself.
    """

    viid_id: str
    fault: FairwatchError | None = None

    @classmethod
    def read(cls, claimed: str, body: bytes, wrapper: str) -> Self:
        """Return the call of a sender that claims an id in its header, or none there and perhaps one in its body."""
        if not plain(body):
            return cls(claimed)
        try:
            document = orjson.loads(plain(body))
        except orjson.JSONDecodeError as error:
            return cls(claimed, RejectedError("malformed", f"not JSON: {error.msg} at character {error.pos}"))
        if not isinstance(document, dict):
            return cls(claimed, RejectedError("invalid_field", f"{wrapper} is no object", wrapper))
        return cls(claimed or _device_id(document, wrapper))


def plain(body: bytes) -> bytes:
    """Return a body without byte order mark and blanks around it."""
    return body.strip().removeprefix(codecs.BOM_UTF8).lstrip()


def _device_id(document: dict[str, Any], wrapper: str) -> str:
    """Return DeviceID of the wrapper, of a wrapper without `Object` in its name, or of the document itself."""
    members = {name.lower(): value for name, value in document.items()}
    for holder in (members.get(wrapper.lower()), members.get(wrapper.lower().removesuffix("object")), document):
        if isinstance(holder, dict):
            found = next((value for name, value in holder.items() if name.lower() == ID), None)
            if isinstance(found, str | int):
                return str(found).strip()
    return ""
