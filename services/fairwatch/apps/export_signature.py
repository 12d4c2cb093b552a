"""Who made a backup: the manifest, which names the hash of each member, is signed by the installation that wrote it."""

from collections.abc import Collection
from pathlib import Path

from fairwatch.apps.export_archive import ArchiveReader
from fairwatch.apps.keys import anchors, must_be_signed
from fairwatch.apps.settings import Settings
from fairwatch.apps.vouched import known_signers
from fairwatch.domain.errors import ConfigurationError, RetryableError
from fairwatch.policy.signatures import PublicKey


def vouched_by(archive: ArchiveReader, trusted: Collection[PublicKey]) -> str:
    """Return the text of the key that signed a backup.

    Raises:
        ConfigurationError: Nobody signed it, or a key that is not trusted.
    """
    signer = archive.signer
    if signer is None:
        raise ConfigurationError("nobody signed this backup: anybody may have made it")
    if signer not in trusted:
        raise ConfigurationError(f"this backup is signed by {signer.text}, which is no key that is trusted here")
    return signer.text


def trusted_keys(settings: Settings, named: Collection[str], at: object) -> list[PublicKey]:
    """Return the keys whose backups are taken: those that are named, of administrators, and registered ones.

    Args:
        settings: Of the hub.
        named: Public keys in base64.
        at: When the backup says that it was made, microseconds UTC: a registered key has to have stood then.

    Raises:
        ConfigurationError: One that is named is none.
    """
    given = [(text, PublicKey.of(text)) for text in named]
    if wrong := [text for text, key in given if key is None]:
        raise ConfigurationError(f"--trusted: {wrong[0]!r} is no Ed25519 key of 32 bytes in base64")
    registered = _registered(settings, at) if isinstance(at, int) else []
    return [*(key for _, key in given if key is not None), *anchors(settings), *registered]


def require_vouched(settings: Settings, archive: ArchiveReader, named: Collection[str], *, unsigned: bool) -> str:
    """Return who signed a backup that is read into a hub; empty where nobody demands a signature.

    Raises:
        ConfigurationError: Nobody did whom this hub trusts, and nobody said that it may be so.
    """
    if unsigned or ("export-orders" not in must_be_signed(settings) and not named):
        return archive.signer.text if archive.signer else ""
    return vouched_by(archive, trusted_keys(settings, named, archive.manifest.get("created_at")))


def checked(settings: Settings, path: Path, key: bytes | None, named: Collection[str]) -> str:
    """Check a backup whole, its signature and the hash of each member; return who signed it.

    Without the key of a sealed one nothing is opened: that it is unaltered is seen all the same.

    Raises:
        ConfigurationError: It is altered, or nobody signed it who is trusted here.
    """
    with ArchiveReader(path, key, closed=True) as archive:
        signer = vouched_by(archive, trusted_keys(settings, named, archive.manifest.get("created_at")))
        for name in archive.names(""):
            archive.kept(name)
        return signer


def _registered(settings: Settings, at: int) -> list[PublicKey]:
    try:
        return known_signers(settings, at)
    except (ConfigurationError, RetryableError):
        return []  # a backup is checked where no broker is, too
