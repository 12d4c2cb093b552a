"""Compares the ACLs and quotas of the components' principals with those of a broker, and makes the broker follow."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)
from kafka.errors import KafkaError, SecurityDisabledError, for_code
from kafka.protocol.admin.client_quotas import AlterClientQuotasRequest, DescribeClientQuotasRequest

from fairwatch.apps.topics import Change
from fairwatch.apps.topics_access import TRANSACTIONAL, deployments
from fairwatch.domain.errors import ConfigurationError, RetryableError

Row = tuple[str, str, str, str]  # principal, kind of resource, its name, operation
NAMED = 2  # DescribeClientQuotas: every entity that has a name of its own
PLACE = "{component}"
EVERYBODY = "User:*"
CHANGES = frozenset({"All", "Alter", "AlterConfigs", "Create", "Delete", "Write"})
# `topics` and `groups` are all whose names begin so: nobody needs those rights, and somebody may have given them.
_KINDS = {
    "topic": ResourceType.TOPIC, "topics": ResourceType.TOPIC, "group": ResourceType.GROUP,
    "groups": ResourceType.GROUP, TRANSACTIONAL: ResourceType.TRANSACTIONAL_ID,
}  # fmt: skip
_BEGINNINGS = frozenset({"topics", "groups", TRANSACTIONAL})
_OPERATIONS = {operation.name.title().replace("_", ""): operation for operation in ACLOperation}
_NAMES = {operation: name for name, operation in _OPERATIONS.items()}


def principals(pattern: str, list_parts: int = 1) -> dict[str, str]:
    """Return the principal of each component and chain, and of each part of the lists that `match` compares.

    Raises:
        ConfigurationError: The pattern gives all components the same, or is no principal of Kafka.
    """
    if PLACE not in pattern or not pattern.startswith("User:"):
        raise ConfigurationError(f"FAIRWATCH_KAFKA_PRINCIPALS: {pattern!r} is not of the form User:fairwatch-{PLACE}")
    return {name: pattern.replace(PLACE, name) for name in deployments(list_parts)}


def access_differences(
    admin: KafkaAdminClient, pattern: str, prefix: str = "", *, revoke: bool = False, list_parts: int = 1
) -> list[Change]:
    """Return which rights and quotas the principals lack, and which rights they have too many.

    What everybody may change of our topics is among the latter: no principal means anything beside it.

    Args:
        admin: May describe ACLs and quotas.
        pattern: Principal of a component, `User:fairwatch-{component}`.
        prefix: Of topics and groups.
        revoke: Rights that no file names are to be taken away; left to people otherwise.
        list_parts: Among how many groups of `match` the lists are shared out.

    Raises:
        ConfigurationError: The broker has no authorizer, or does not let us look.
        RetryableError: It does not answer.
    """
    owners = principals(pattern, list_parts)
    wanted = {
        (owners[name], right.kind, prefix + right.name, operation)
        for name, flow in deployments(list_parts).items()
        for right in flow.rights()
        for operation in right.operations
    }
    try:
        there = set(_present(admin, set(owners.values()), prefix))
        limits = _limits(admin)
    except SecurityDisabledError as error:
        raise ConfigurationError(
            "the broker has no authorizer, so that everybody may do everything: set authorizer.class.name there, "
            "or leave FAIRWATCH_KAFKA_PRINCIPALS empty"
        ) from error
    except KafkaError as error:
        raise _failed("described", error) from error
    lacking = [Change(row[0], "allow", _right(row), None, row[3]) for row in sorted(wanted - there)]
    too_many = [_too_many(row, revoke=revoke) for row in sorted(there - wanted)]
    return [*lacking, *too_many, *_quotas(owners, limits, list_parts)]


def _too_many(row: Row, *, revoke: bool) -> Change:
    """Return what becomes of a right that no file names."""
    if row[0] == EVERYBODY:
        what = "whoever reaches the broker may: take that ACL away there, whoever made it"
        return Change(EVERYBODY, "by hand", _right(row), row[3], "", what)
    if revoke:
        return Change(row[0], "revoke", _right(row), row[3], "")
    advice = "no file of schemas/topics names it: --revoke takes it away"
    return Change(row[0], "by hand", _right(row), row[3], "", advice)


def _quotas(owners: Mapping[str, str], limits: Mapping[str, Mapping[str, str]], list_parts: int) -> Iterator[Change]:
    """Yield the quotas that differ from what is wanted."""
    for name, flow in deployments(list_parts).items():
        had = limits.get(owners[name], {})
        for key, value in flow.quotas().items():
            if had.get(key) != str(value):
                yield Change(owners[name], "limit", key, had.get(key), str(value))


def apply_access(admin: KafkaAdminClient, changes: Sequence[Change]) -> None:
    """Allow, revoke and limit; applying the same twice changes nothing.

    Raises:
        ConfigurationError: We may not.
        RetryableError: The broker does not answer.
    """
    try:
        allowed = [_acl(change.resource, change.what, change.after) for change in changes if change.action == "allow"]
        failed = [error() for error in admin.create_acls(allowed)["failed"]] if allowed else []
        revoked = [change for change in changes if change.action == "revoke"]
        filters = [_filter(_acl(change.resource, change.what, change.before or "")) for change in revoked]
        failed += [error() for *_, error in admin.delete_acls(filters) if error.errno] if filters else []
        failed += _limit(admin, [change for change in changes if change.action == "limit"])
    except KafkaError as error:
        raise _failed("applied", error) from error
    if failed:
        raise _failed("applied", failed[0])


def _failed(done: str, error: KafkaError) -> ConfigurationError | RetryableError:
    if getattr(error, "retriable", False):
        return RetryableError(f"ACLs and quotas cannot be {done}: {error!r}")
    return ConfigurationError(
        f"ACLs and quotas cannot be {done}: {error!r}: our user needs Alter, Describe, AlterConfigs and "
        "DescribeConfigs on the cluster"
    )


def _right(row: Row) -> str:
    return f"{row[1]} {row[2]}"


def _acl(principal: str, right: str, operation: str) -> ACL:
    kind, name = right.split(" ", 1)
    pattern = ResourcePattern(_KINDS[kind], name, _pattern(kind))
    return ACL(principal, "*", _OPERATIONS[operation], ACLPermissionType.ALLOW, pattern)


def _pattern(kind: str) -> ACLResourcePatternType:
    return ACLResourcePatternType.PREFIXED if kind in _BEGINNINGS else ACLResourcePatternType.LITERAL


def _filter(acl: ACL) -> ACLFilter:
    of = acl.resource_pattern
    return ACLFilter(
        acl.principal, None, acl.operation, acl.permission_type,
        ResourcePatternFilter(of.resource_type, of.resource_name, of.pattern_type),
    )  # fmt: skip


def _present(admin: KafkaAdminClient, owners: set[str], prefix: str) -> Iterable[Row]:
    """Yield what those principals, and everybody, may do on topics, groups and transactional ids of this prefix."""
    for resource in dict.fromkeys(_KINDS.values()):
        everything = ResourcePatternFilter(resource, None, ACLResourcePatternType.ANY)
        found, _ = admin.describe_acls(ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ALLOW, everything))
        kinds = {_pattern(kind): kind for kind, of in _KINDS.items() if of == resource}
        for acl in found:
            name, operation = acl.resource_pattern.resource_name, _NAMES[acl.operation]
            kind = kinds.get(acl.resource_pattern.pattern_type)
            open_to_all = acl.principal == EVERYBODY and resource == ResourceType.TOPIC and operation in CHANGES
            if kind and _reaches(kind, name, prefix) and (acl.principal in owners or open_to_all):
                yield acl.principal, kind, name, operation


def _reaches(kind: str, name: str, prefix: str) -> bool:
    """Tell whether a right is one on something of ours; `*` is everything, as Kafka has it."""
    return name == "*" or name.startswith(prefix) or (kind in _BEGINNINGS and prefix.startswith(name))


def _limits(admin: KafkaAdminClient) -> dict[str, dict[str, str]]:
    """Return the quotas of all users, by principal."""
    part = DescribeClientQuotasRequest.ComponentData(entity_type="user", match_type=NAMED, match=None)
    answer = admin._manager.run(admin._manager.send, DescribeClientQuotasRequest(components=[part], strict=True))  # noqa: SLF001  # no public way
    if answer.error_code:
        raise for_code(answer.error_code)(answer.error_message)
    return {
        f"User:{entry.entity[0].entity_name}": {value.key: f"{value.value:.0f}" for value in entry.values}
        for entry in answer.entries
    }


def _limit(admin: KafkaAdminClient, changes: Iterable[Change]) -> list[KafkaError]:
    request = AlterClientQuotasRequest
    limits: dict[str, list[object]] = {}
    for change in changes:
        operation = request.EntryData.OpData(key=change.what, value=float(change.after), remove=False)
        limits.setdefault(change.resource.removeprefix("User:"), []).append(operation)
    entries = [
        request.EntryData(entity=[request.EntryData.EntityData(entity_type="user", entity_name=user)], ops=operations)
        for user, operations in limits.items()
    ]
    if not entries:
        return []
    answer = admin._manager.run(admin._manager.send, request(entries=entries, validate_only=False))  # noqa: SLF001  # no public way
    return [for_code(entry.error_code)(entry.error_message) for entry in answer.entries if entry.error_code]
