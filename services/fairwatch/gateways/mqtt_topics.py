"""MQTT topic filters: which topics a filter matches, and whether two filters can match the same one."""


def check_filter(pattern: str) -> None:
    """Raise ValueError unless `pattern` is a topic filter of MQTT 3.1.1 section 4.7."""
    levels = pattern.split("/")
    if not pattern or "\0" in pattern:
        raise ValueError(f"{pattern!r} is not a topic filter")
    for position, level in enumerate(levels):
        if "#" in level and (level != "#" or position != len(levels) - 1):
            raise ValueError(f"{pattern!r}: # must be a whole level and the last")
        if "+" in level and level != "+":
            raise ValueError(f"{pattern!r}: + must be a whole level")


def matches(pattern: str, topic: str) -> bool:
    """Return whether a filter matches a topic; wildcards at the front do not match topics that begin with `$`."""
    if topic.startswith("$") and pattern[0] in "+#":
        return False
    wanted, found = pattern.split("/"), topic.split("/")
    for position, level in enumerate(wanted):
        if level == "#":
            return True
        if position >= len(found) or level not in ("+", found[position]):
            return False
    return len(wanted) == len(found)


def overlap(first: str, second: str) -> bool:
    """Return whether some topic is matched by both filters."""
    one, other = first.split("/"), second.split("/")
    for a, b in zip(one, other, strict=False):
        if "#" in (a, b):
            return True
        if a != b and "+" not in (a, b):
            return False
    longer = max(one, other, key=len)
    return len(one) == len(other) or longer[min(len(one), len(other)) :] == ["#"]
