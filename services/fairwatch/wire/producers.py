"""Producers that are bound to devices: whose key has to sign what a device is said to have seen.

Kafka tells nobody who wrote a record. A key on `signing-keys` with patterns of device ids binds these devices: an
observation of one of them counts only with a signature of such a key, in a header of its message.
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from fairwatch.domain.records import SigningKey
from fairwatch.policy.signatures import PrivateKey
from fairwatch.wire.deeds import signed_bytes
from fairwatch.wire.trust import Trust, Unauthentic

HEADER: Final = "fairwatch_signature"  # key id, a space, the signature in base64
RECORD: Final = "Observation"
REMEMBERED: Final = 16_384  # devices whose keys are remembered


def observation_bytes(device_id: str, observation: Mapping[str, Any]) -> bytes:
    """Return what a producer signs: the observation as its readers see it, under the key of its message."""
    return signed_bytes("observation", RECORD, observation, {"key": device_id})


def signature_header(device_id: str, observation: Mapping[str, Any], key: PrivateKey) -> bytes:
    """Return the header of a signed observation.

    Args:
        device_id: Key of the message.
        observation: As its readers see it, after a trip through Avro: a float is what is left of it there.
        key: The producer's.
    """
    return f"{key.public.key_id} {key.sign(observation_bytes(device_id, observation))}".encode()


class Producers:
    """Who may speak for which device.

    Args:
        trust: Keys that an administrator vouches for.
    """

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._version = -1
        self._bound: list[SigningKey] = []
        self._by_device: dict[str, dict[str, SigningKey]] = {}

    @property
    def bind_any(self) -> bool:
        """Whether any device is bound, so that nobody asks about each event where none is."""
        self._refresh()
        return bool(self._bound)

    def refusal(
        self, device_id: str, key: str, observation: Mapping[str, Any], headers: Mapping[str, bytes]
    ) -> Unauthentic | None:
        """Return why an observation does not count for a device, or None; None too for a device that nobody bound.

        Args:
            device_id: The device that saw it.
            key: Of the message: who sent it.
            observation: As it was read.
            headers: Of the message.
        """
        keys = self._keys_of(device_id)
        if not keys:
            return None
        key_id, _, signature = headers.get(HEADER, b"").decode("ascii", "replace").partition(" ")
        if not signature:
            return "unsigned"
        signer = keys.get(key_id)
        if signer is None:
            return "unknown_key"
        return self._trust.signature_refused(
            signer, observation_bytes(key, observation), signature, at=observation["received_at"]
        )

    def _refresh(self) -> None:
        if self._version != self._trust.version:
            self._version, self._by_device = self._trust.version, {}
            self._bound = [key for key in self._trust.every_key() if key.get("devices")]

    def _keys_of(self, device_id: str) -> dict[str, SigningKey]:
        self._refresh()
        found = self._by_device.get(device_id)
        if found is None:
            if len(self._by_device) >= REMEMBERED:
                self._by_device.clear()
            found = self._by_device[device_id] = {
                key["key_id"]: key
                for key in self._bound
                if any(fnmatchcase(device_id, pattern) for pattern in key.get("devices", ()))
            }
        return found
