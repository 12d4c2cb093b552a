"""Who may do what here: the policies that come with the product, or those of the configuration folder.

What allows more than the product does counts only where two administrators signed it, each with the own key: the file
and its signatures lie beside each other, so that every process checks them before it believes a word of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from fairwatch.apps.keys import anchors
from fairwatch.apps.settings import Settings
from fairwatch.apps.signed import POLICIES
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.access import Policies, shipped
from fairwatch.policy.signatures import PrivateKey, PublicKey

FILE: Final = POLICIES
SIGNATURES: Final = "access.signatures"  # JSON: id of an administrator's key to signature
FILES: Final = (FILE, SIGNATURES)
PROPOSED: Final = "access.proposed.cedar"  # of the configuration folder: read by nobody before it is renamed to FILE
PROPOSED_SIGNATURES: Final = "access.proposed.signatures"
PEOPLE: Final = 2
_PURPOSE: Final = b"fairwatch/1 access\0"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Policies that wait for administrators.

    Attributes:
        version: Of them.
        adds: What they allow that those in force do not.
        signers: Ids of the administrators' keys that signed them.
        needed: Signatures that it takes.
        since: When the file was written, microseconds UTC.
    """

    version: str
    adds: list[str]
    signers: list[str]
    needed: int
    since: int


def waiting_policies(settings: Settings) -> Proposal | None:
    """Return the policies that lie beside those in force as a proposal; None where there are none that can be read."""
    path = settings.config_dir / PROPOSED
    try:
        since = path.stat().st_mtime_ns // 1_000
        found = read(path)
        signers = signed_by(path, found, anchors(settings))
    except (OSError, ConfigurationError):
        return None
    needed = PEOPLE if found.added(shipped()) else 0
    return Proposal(found.version, found.added(policies(settings)), signers, needed, since)


def policies(settings: Settings) -> Policies:
    """Return the policies that are in force.

    Raises:
        ConfigurationError: The file of the folder is none, or allows more and two administrators did not sign it.
    """
    path = settings.config_dir / FILE
    if not path.exists():
        return shipped()
    found = read(path)
    more, signers = found.added(shipped()), signed_by(path, found, anchors(settings))
    if more and len(signers) < PEOPLE:
        raise ConfigurationError(
            f"{path}: allows more than the product does ({'; '.join(more)}), and {len(signers)} of {PEOPLE}"
            " administrators signed it: `fairwatch access sign`"
        )
    return found


def read(path: Path) -> Policies:
    """Return the policies of a file; ConfigurationError names what is wrong."""
    try:
        return Policies(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}") from error


def sign(path: Path, key: PrivateKey) -> None:
    """Add an administrator's signature of a file of policies, beside it.

    Raises:
        ConfigurationError: It holds no policies, or the signatures cannot be written.
    """
    found = read(path)
    said = {**_signatures(path), key.public.key_id: key.sign(_PURPOSE + found.text.encode())}
    try:
        signatures_of(path).write_bytes(orjson.dumps(said, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
    except OSError as error:
        raise ConfigurationError(f"{signatures_of(path)}: {error.strerror}") from error


def signatures_of(path: Path) -> Path:
    """Return where the signatures of a file lie: those of a proposal apart from those of what is in force."""
    return path.with_name(PROPOSED_SIGNATURES if path.name == PROPOSED else SIGNATURES)


def signed_by(path: Path, found: Policies, administrators: tuple[PublicKey, ...]) -> list[str]:
    """Return the ids of the administrators' keys that signed just these policies."""
    said = _signatures(path)
    content = _PURPOSE + found.text.encode()
    return sorted({key.key_id for key in administrators if key.signed(content, said.get(key.key_id, ""))})


def _signatures(path: Path) -> Mapping[str, str]:
    file = signatures_of(path)
    try:
        said = orjson.loads(file.read_bytes()) if file.exists() else {}
    except (OSError, orjson.JSONDecodeError) as error:
        raise ConfigurationError(f"{file}: holds no signatures: {error}") from error
    if not isinstance(said, dict) or not all(isinstance(one, str) for one in said.values()):
        raise ConfigurationError(f"{file}: holds no signatures")
    return said
