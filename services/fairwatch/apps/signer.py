"""Who acts at the command line: a person of people.yaml, named or proved, and the key that says so."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from fairwatch.apps.keys import signing_key
from fairwatch.apps.settings import Settings
from fairwatch.apps.signed import judge_here
from fairwatch.console.people import People, Person
from fairwatch.domain.errors import ConfigurationError
from fairwatch.policy.judge import Judge
from fairwatch.policy.signatures import PrivateKey
from fairwatch.wire.signings import Signing, action_of

if TYPE_CHECKING:
    from fairwatch.policy.access import Decision

PEOPLE: Final = "people.yaml"


@dataclass(frozen=True, slots=True)
class Signer:
    """A person who is known, in a role.

    Attributes:
        name: As in people.yaml.
        role: That allows what is done.
        key: Signs what the person does; None where this machine has none.
        judge: Says what the person may do; the policies of the product by default.
        held: All roles that the person has; none where it is this one alone.
        cited: What audit records say of why it was allowed; of the last deed.
    """

    name: str
    role: str
    key: PrivateKey | None
    judge: Judge = field(default_factory=Judge, repr=False, compare=False)
    held: frozenset[str] = frozenset()
    cited: dict[str, str] = field(default_factory=dict, compare=False)

    def may(self, signing: Signing, act: str) -> bool:
        """Tell whether the policies let the person do something to such a record."""
        return self._decided(action_of(signing, act)).allowed

    def citing(self, action: str) -> dict[str, str]:
        """Return what audit records say of why the person may do something that is not signed."""
        return self._decided(action).cited

    def _decided(self, action: str) -> "Decision":
        return self.judge.decide(self.name, self.held | {self.role}, self.role, action)

    def signed(self, signing: Signing, record: dict[str, Any], act: str, at: int, session: str = "") -> dict[str, Any]:
        """Return a record with the person's deed; `session` is in it, and signed.

        Raises:
            ConfigurationError: This machine has no key, or the role does not allow it.
        """
        if self.key is None:
            raise ConfigurationError("FAIRWATCH_SIGNING_KEY_FILE: there is no key here to sign with")
        action = action_of(signing, act)
        decision = self._decided(action)
        if not decision.allowed:
            fitting = ", ".join(sorted(self.judge.policies.roles_for(action)))
            raise ConfigurationError(f"{self.name} has none of the roles {fitting}")
        self.cited.clear()
        self.cited.update(decision.cited)
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


async def known_signer(settings: Settings, name: str, password: str, actions: Collection[str]) -> Signer:
    """Return the person of this name, in the first role that allows one of these actions.

    Raises:
        ConfigurationError: Nobody of that name has that password, or has a role for it.
    """
    found = await People.load(settings.config_dir / PEOPLE).check(name, password)
    if found is None:
        raise ConfigurationError(f"{PEOPLE} has nobody named {name!r} with this password")
    judge = judge_here(settings)
    fitting = sorted(filter(None, (judge.role_for(found.name, found.roles, action) for action in actions)))
    if not fitting:
        roles = sorted({role for action in actions for role in judge.policies.roles_for(action)})
        raise ConfigurationError(f"{found.name} has none of the roles {', '.join(roles)}")
    return Signer(found.name, fitting[0], signing_key(settings), judge, frozenset(found.roles))
