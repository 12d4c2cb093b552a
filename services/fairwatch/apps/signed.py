"""References through which only what people signed is in force, as far as `trust.yaml` demands it."""

from collections.abc import Mapping

from fairwatch.apps.keys import anchors, ended_keys, must_be_signed, receipt_keys, signing_of
from fairwatch.apps.settings import Settings
from fairwatch.domain.errors import ConfigurationError
from fairwatch.domain.ports import Reference
from fairwatch.policy.arming import TOPIC as ARMINGS
from fairwatch.policy.judge import Judge
from fairwatch.wire.signed_armings import SignedArmings
from fairwatch.wire.signed_receipts import TOPIC as RECEIPTS
from fairwatch.wire.signed_receipts import SignedReceipts
from fairwatch.wire.signed_reference import SignedReference
from fairwatch.wire.signings import SIGNINGS
from fairwatch.wire.trust import Trust
from fairwatch.wire.trust_heads import TOPIC as HEADS
from fairwatch.wire.trust_heads import TrustHeads

KEEPS = frozenset({("retain", "watchlist-entries")})  # pictures of entries are kept whoever wrote them
DESTROYS = frozenset({"retain"})  # acts on what is over: that has to be signed too
VOUCHED = ("people", "signing-keys")
POLICIES = "access.cedar"
KEEPS_HEADS = "verify"


def judge_here(settings: Settings) -> Judge:
    """Return what says who may do what: the policies of the folder, or those of the product.

    Raises:
        ConfigurationError: The policies allow more than the product does, and two administrators did not sign them.
    """
    if not (settings.config_dir / POLICIES).exists():
        return Judge()
    from fairwatch.apps.access import policies  # noqa: PLC0415  most workers need no Cedar

    return Judge(policies(settings))


def signed_references(settings: Settings, component: str, given: Mapping[str, Reference]) -> dict[str, Reference]:
    """Return what a component reads whole, with the topics that have to be signed checked.

    Receipts of erasures have to be where `trust.yaml` names who signs them.

    Raises:
        ConfigurationError: A component would believe what it cannot check: its Spec lacks people or keys.
    """
    found = dict(given)
    signable = (SIGNINGS.keys() | {ARMINGS}) & given.keys()
    wanted = {topic for topic in must_be_signed(settings) & signable if (component, topic) not in KEEPS}
    signers = receipt_keys(settings) if RECEIPTS in given else ()
    if not wanted and not signers:
        return found
    if missing := [topic for topic in VOUCHED if topic not in given]:
        read = sorted({*wanted, *((RECEIPTS,) if signers else ())})
        raise ConfigurationError(f"{component} reads {', '.join(read)} and not {', '.join(missing)}")
    heads = TrustHeads(given.get(HEADS))
    trust = Trust(
        given["people"], given["signing-keys"], anchors(settings), ended_keys(settings), heads, judge_here(settings)
    )
    if signers:
        found[RECEIPTS] = SignedReceipts(component, given[RECEIPTS], trust, (*anchors(settings), *signers))
    if ARMINGS in wanted:
        remembers = component == KEEPS_HEADS
        found[ARMINGS] = SignedArmings(component, given[ARMINGS], trust, heads=heads, remembers=remembers)
    for topic in wanted - {ARMINGS}:
        destroys = component in DESTROYS
        signing = signing_of(settings, topic)
        found[topic] = SignedReference(
            component, topic, given[topic], trust, signing,
            destroys=destroys, heads=heads, remembers=component == KEEPS_HEADS,
        )  # fmt: skip
    return found
