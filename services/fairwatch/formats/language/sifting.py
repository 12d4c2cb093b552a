"""One walk over a document: is anything in it protected, and what did no row use?

In most documents, nothing is protected or whole fields are, by their names. For them this one walk does what screening,
redaction and the collecting of leftovers do in three or more. It remembers the names of each place with all that is
known of them. Whatever it is not sure of it leaves to those: `sift` answers None, and nothing has happened.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.language.leftovers import LONGEST, MOST, Usage, collect_value, flatten, is_picture
from fairwatch.formats.language.paths import Path, Scope
from fairwatch.policy.screening import Name, Screen, Texts, is_suspect_text

Leftover = dict[str, str]

_MOST_NAMES: Final = 2_000
# What becomes of a value: a row uses it; none does; one may, depending on others; it is items, walked by themselves;
# it is withheld; it tells that a name beside it may be a person's; policy forbids it; it needs a closer look.
_USED, _LEFT, _EITHER, _ITEMS, _WITHHELD, _TELLING, _FORBIDDEN, _DOUBTFUL = range(8)

# Texts that are neither protected nor a picture.
_plain: Final = Texts()
_NONE: Final = Usage()
_WHOLE: Final = Usage()
_WHOLE.mark(whole=True)


@dataclass(slots=True)
class _Place:
    """Where names occur: what rows use there, and what has been learnt of each name.

    Attributes:
        prefix: Dotted name of the place, with a dot behind it.
        path: The same as policy sees it.
        withheld: Names whose content is taken out later, as a tree.
        level: Index of the item of the scope that it is or is in.
        items: What of the path to the items of the next level lies below this place.
        people: Names that are a person's, if something beside them identifies one.
    """

    usage: Usage
    prefix: str
    path: str
    withheld: Mapping[str, Any]
    level: int = 0
    items: tuple[str, ...] = ()
    names: dict[str, "_Known"] = field(default_factory=dict)
    people: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Known:
    """What is known of a name at a place.

    Attributes:
        action: What becomes of its values.
        use: What becomes of a scalar as far as rows are concerned.
        label: Dotted name of the place and the name.
        below: The place that a dict under it is walked as.
    """

    action: int
    use: int
    label: str
    name: Name
    usage: Usage
    below: _Place | None = None


@dataclass(slots=True)
class Sifted:
    """What a walk found.

    Attributes:
        leftovers: For each scope, what no row used, by dotted name.
        removed: How many fields policy took out, by position of the item; -1 is outside of the items.
        has_withheld: Whether there is something to be withheld.
    """

    leftovers: list[Leftover]
    removed: dict[int, int]
    has_withheld: bool


class _Walk:
    """One walk as it goes: where it is, what it adds to, and what waits for its end.

    Attributes:
        scope: Of the item.
        out: What is left over of it.
        position: Of the item, -1 outside of the items.
        forbidden: (position, dict, name) of what has to go.
        open: Values that a row may use, depending on what is there when the forbidden is gone.
        removed: How many fields are taken out, by position.
        has_withheld: Whether there is something to be withheld.
        screened: What was only found to be harmless as a whole.
    """

    __slots__ = ("forbidden", "has_withheld", "open", "out", "position", "removed", "scope", "screened")

    def __init__(self, scope: Scope, out: Leftover) -> None:
        self.scope, self.out, self.position, self.has_withheld = scope, out, -1, False
        self.forbidden: list[tuple[int, dict[str, Any], str]] = []
        self.open: list[tuple[_Known, Any, Scope, Leftover]] = []
        self.removed: dict[int, int] = {}
        self.screened: list[Any] = []

    def settle(self) -> None:
        """Take out what is forbidden and count it, and only then see what rows use of the rest."""
        for position, node, name in self.forbidden:
            if name in node:  # what holds several items is walked with each
                del node[name]
                self.removed[position] = self.removed.get(position, 0) + 1
        for known, value, scope, out in self.open:
            if value != "":
                collect_value(value, known.usage, known.label, scope, out)


class Sieve:
    """The walk over the documents of one kind of message.

    Args:
        usages: What rows use, for each level of the scope.
        prefixes: Dotted name of each level, with a dot behind it.
        each: Paths to the items, from the outside in.
        withheld: Paths of free text that is taken out after this.
        soft_biometrics: Age and gender may be carried.
    """

    def __init__(
        self,
        usages: Sequence[Usage],
        prefixes: Sequence[str],
        each: Sequence[Path],
        withheld: Sequence[tuple[str, ...]],
        *,
        soft_biometrics: bool,
    ) -> None:
        self._usages, self._prefixes, self._withheld = usages, prefixes, withheld
        self._each = each
        self._screen = Screen(soft_biometrics=soft_biometrics, most_names=_MOST_NAMES)
        self._places = self._fresh()

    def sift(self, root: Any, scopes: Sequence[Scope]) -> Sifted | None:
        """Take out what policy forbids and say what is left over, or answer None when a closer look is needed."""
        if not scopes or type(root) is not dict:
            return None
        if self._screen.is_full:
            self._screen.forget()
            self._places = self._fresh()
        outside: Leftover = {}
        walk = _Walk(scopes[0], outside)
        leftovers = [outside]
        try:
            if not self._walk(root, self._places[0], walk):
                return None
            if len(self._places) > 1:
                leftovers = [{} for _ in scopes]
                if not self._walk_items(scopes, leftovers, walk):
                    return None
            if walk.forbidden and any(_has_null(one) for one in walk.screened):
                return None  # where anything goes, redaction counts even a name that says nothing
            walk.settle()
        except RejectedError:  # there is too much, perhaps only until policy has taken some of it out
            return None
        if outside and leftovers[0] is not outside:
            leftovers[0] = {**outside, **leftovers[0]}  # said once, not again in each record
        return Sifted(leftovers, walk.removed, walk.has_withheld)

    def _walk_items(self, scopes: Sequence[Scope], leftovers: Sequence[Leftover], walk: _Walk) -> bool:
        last = len(self._places) - 1
        for position, scope in enumerate(scopes):
            walk.scope, walk.out = scope, leftovers[position]
            for level in range(1, last + 1):
                walk.position = position if level == last else -1
                if type(scope[level]) is not dict or not self._walk(scope[level], self._places[level], walk):
                    return False
        return True

    def _fresh(self) -> list[_Place]:
        tree: dict[str, Any] = {}
        for names in self._withheld:
            below = tree
            for name in names:
                below = below.setdefault(name, {})
        places, path = [], ""
        for level, (usage, prefix) in enumerate(zip(self._usages, self._prefixes, strict=True)):
            items = self._items(level)
            places.append(_Place(usage, prefix, path, tree, level, items))
            if level < len(self._each):
                path = f"{path}/{'/'.join(items) or self._each[level].text}"
            for name in items:
                tree = tree.get(name, {})
        return places

    def _items(self, level: int) -> tuple[str, ...]:
        """Return the names that lead from an item to those of the next level, where names are all that does."""
        path = self._each[level] if level < len(self._each) else None
        if path is None or path.outward != 0 or any(step.key or step.index is not None for step in path.steps):
            return ()
        return tuple(step.name for step in path.steps)

    def _walk(self, node: dict[str, Any], place: _Place, walk: _Walk) -> bool:  # noqa: C901, PLR0912 - for every field
        """Add what is left of a dict; False when it has to be looked at closely."""
        names, plain, out, tells = place.names, _plain.known, walk.out, False
        for name, value in node.items():
            known = names[name] if name in names else self._learn(place, name)
            action, kind = known.action, type(value)
            if action >= _WITHHELD:
                tells = tells or known.name.identifies
                action = self._special(node, name, known, walk)
                if action == _DOUBTFUL:
                    return False
                if action == _FORBIDDEN:
                    continue
            if kind is dict or kind is list:
                if value and not self._below(value, known, place, walk):
                    return False
                continue
            is_plain = kind is str and (value in plain or _is_plain(value))
            if kind is str and not is_plain and is_suspect_text(value):
                return False
            if action == _USED or value is None:
                continue
            if action == _EITHER:
                walk.open.append((known, value, walk.scope, out))
            elif action == _LEFT:
                if is_plain:
                    if value:
                        out[known.label] = value
                elif kind is int or kind is float:
                    out[known.label] = repr(value)
                else:
                    flatten(value, known.label, out)
        if tells and (self._screen.is_full or not place.people.isdisjoint(node)):
            return False
        return len(out) <= MOST

    def _special(self, node: dict[str, Any], name: str, known: _Known, walk: _Walk) -> int:
        """Note what policy says of a field, and return what becomes of it."""
        if known.action == _FORBIDDEN:
            if node[name] is None or node[name] == "":
                return _DOUBTFUL
            walk.forbidden.append((walk.position, node, name))
            return _FORBIDDEN
        if known.action == _DOUBTFUL:
            return _DOUBTFUL
        if known.action == _TELLING:
            if node[name] is not None:
                walk.removed.setdefault(-1, 0)  # a closer look was needed
        else:
            walk.has_withheld = True
        return known.use

    def _below(self, value: Any, known: _Known, place: _Place, walk: _Walk) -> bool:
        """Do the same for a dict or a list in it."""
        if known.action == _ITEMS:
            return self._are_walked(value, place.level + 1)
        if known.below is not None and type(value) is dict:
            return self._walk(value, known.below, walk)
        if self._screen.suspects_below(value, known.name):
            return False
        walk.screened.append(value)
        if known.use == _LEFT and known.usage is _NONE:
            flatten(value, known.label, walk.out)
        elif not known.usage.whole or known.use != _USED:
            walk.open.append((known, value, walk.scope, walk.out))
        return True

    def _learn(self, place: _Place, name: str) -> _Known:
        usage = place.usage.children.get(name, _NONE)
        known = _Known(_LEFT, _LEFT, place.prefix + name, self._screen.name(name, place.path), usage)
        withheld = place.withheld.get(name)
        is_step = place.items[:1] == (name,)
        if withheld is not None and not withheld:
            known.action, known.usage = _USED, _WHOLE
        elif is_step and len(place.items) == 1:
            known.action = _ITEMS
        elif usage.free or usage.blockers:
            known.action = _USED if usage.free else _EITHER
        elif usage.children and not usage.selected:
            items = place.items[1:] if is_step else ()
            known.below = _Place(usage, f"{known.label}.", known.name.path, withheld or {}, place.level, items)
        known.use = known.action
        known.action = _by_policy(known, withheld)
        if not self._screen.is_full:  # hostile names must not fill memory
            place.names[name] = known
            if known.name.identity:
                place.people.add(name)
        return known

    def _are_walked(self, value: Any, level: int) -> bool:
        """Return whether each of the items is one of some scope, so that it's walked by itself."""
        items = value if type(value) is list else [value]
        if not all(type(item) is dict for item in items) or (type(value) is list and self._places[level].withheld):
            return False
        if level == len(self._each):
            return True
        names = self._items(level)
        return len(names) == 1 and all(_has_items(item.get(names[0])) for item in items)


def _by_policy(known: _Known, withheld: Mapping[str, Any] | None) -> int:
    """Return what becomes of a field when policy has been asked too."""
    is_items, name = known.use == _ITEMS, known.name
    if name.forbidden:
        return _FORBIDDEN
    if (name.suspect and not name.identifies) or (withheld and known.below is None and not is_items):
        return _DOUBTFUL
    if name.identifies:
        return _DOUBTFUL if is_items or withheld is not None else _TELLING
    return _WITHHELD if withheld is not None and not withheld else known.use


def _has_null(node: Any) -> bool:
    if type(node) is dict:
        return any(map(_has_null, node.values()))
    return any(map(_has_null, node)) if type(node) is list else node is None


def _has_items(node: Any) -> bool:
    return type(node) is dict or (type(node) is list and bool(node) and all(type(item) is dict for item in node))


def _is_plain(value: str) -> bool:
    if len(value) > LONGEST or is_picture(value) or is_suspect_text(value):
        return False
    _plain.add(value)
    return True
