"""Who acts at the command line: a person of people.yaml, named or proved, and the key that says so."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from fairwatch.apps.keys import signing_key
from fairwatch.apps.settings import Settings
from fairwatch.console.people import People, Person
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.signatures import PrivateKey
from fairwatch.wire.signings import Signing

PEOPLE: Final = "people.yaml"


@dataclass(frozen=True, slots=True)
class Signer:
    """A person who is known, in a role.

    Attributes:
        name: As in people.yaml.
        role: That allows what is done.
        key: Signs what the person does; None where this machine has none.
    """

    name: str
    role: str
    key: PrivateKey | None

    def signed(self, signing: Signing, record: dict[str, Any], act: str, at: int, session: str = "") -> dict[str, Any]:
        """Return a record with the person's deed; `session` is in it, and signed.

        Raises:
            ConfigurationError: This machine has no key, or the role does not allow it.
        """
        if self.key is None:
            raise ConfigurationError("FAIRWATCH_SIGNING_KEY_FILE: there is no key here to sign with")
        if self.role not in signing.acts[act]:
            raise ConfigurationError(f"{self.name} has none of the roles {', '.join(sorted(signing.acts[act]))}")
        return signing.signed(record, self.key, act, self.name, self.role, at=at, session_id=session)


class UnknownPersonError(ConfigurationError):
    """people.yaml knows nobody of a name."""


def named(settings: Settings, name: str) -> Person | None:
    """Return the person of a name; None where there is no people.yaml to ask.

    Raises:
        UnknownPersonError: It knows nobody of that name.
    """
    path = settings.config_dir / PEOPLE
    if not path.exists():
        return None
    person = People.load(path).get(name)
    if person is None:
        raise UnknownPersonError(f"{path} knows nobody of the name {name!r}")
    return person


async def known_signer(settings: Settings, name: str, password: str, roles: Collection[str]) -> Signer:
    """Return the person of this name, in the first role of these that the person has.

    Raises:
        ConfigurationError: Nobody of that name has that password, or has a role for it.
    """
    found = await People.load(settings.config_dir / PEOPLE).check(name, password)
    if found is None:
        raise ConfigurationError(f"{PEOPLE} has nobody named {name!r} with this password")
    fitting = sorted(found.roles & set(roles))
    if not fitting:
        raise ConfigurationError(f"{found.name} has none of the roles {', '.join(sorted(roles))}")
    return Signer(found.name, fitting[0], signing_key(settings))
