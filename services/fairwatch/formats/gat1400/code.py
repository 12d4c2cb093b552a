"""GA/T 1400 as peers really send it, made one: each object by itself, with its fields as the standard spells them.

An object that came inside an image, a subscription notification or a disposition notification carries what that
envelope said of it. Writing turns one object back into the list that the standard posts.
"""

from collections.abc import Mapping
from typing import Any, Final

from fairwatch.domain.errors import RejectedError
from fairwatch.formats.bodies.documents import Syntax
from fairwatch.formats.environment import Environment
from fairwatch.formats.gat1400 import values  # noqa: F401 - it registers the converters
from fairwatch.formats.gat1400.names import FIELDS, KINDS, canonical, kind_of
from fairwatch.formats.gat1400.objects import complete
from fairwatch.formats.gat1400.writing import write
from fairwatch.formats.language.tables import table
from fairwatch.formats.payload import Encoded

Tree = dict[str, Any]

_DEEPEST: Final = 12
_MOST: Final = 2_000
_ENVELOPES: Final = table(__file__, "envelopes")
_IDS: Final[dict[str, str]] = _ENVELOPES["ids"]
_OWN_FIELDS: Final = frozenset(_ENVELOPES["own_fields"])
_ENOUGH: Final = 3
_WRAPPERS: Final = ("object", "list")
_SKIPPED: Final = frozenset(_ENVELOPES["skipped"])
_CARRIED: Final[dict[str, list[str]]] = _ENVELOPES["carried"]
_INSIDE: Final[dict[str, str]] = _ENVELOPES["inside"]


def recognises(syntax: Syntax, tree: Any, env: Environment) -> bool:
    """Return whether a JSON document has a wrapper of GA/T 1400, in whatever case."""
    if type(tree) is not dict:
        return False
    if syntax == "xml":
        root = next(iter(tree), "")
        return root.lower().endswith(_WRAPPERS) and bool(kind_of(root))
    if any(kind_of(name) and _may_wrap(name, tree[name]) for name in tree):
        return True
    names = {canonical(name) for name in tree}
    return not names.isdisjoint(_IDS) and ("/VIID/" in env.payload.path or len(names & _OWN_FIELDS) >= _ENOUGH)


def _may_wrap(name: str, value: Any) -> bool:
    """An empty wrapper is one too, if its name can be nothing else; a plain word such as `image` is no wrapper."""
    if name.islower() and not name.endswith(_WRAPPERS):
        return False
    return type(value) in {dict, list} or (value is None and name.lower().endswith("listobject"))


def prepare(root: Any, env: Environment) -> list[Tree]:
    """Return the objects of one document, each with its `Kind`.

    Raises:
        RejectedError: too_deep | too_large.
    """
    collector = _Collector(env)
    collector.walk(root, {}, 0)
    return collector.objects or [{"Kind": name} for name in sorted(collector.passed)]


def render(root: Tree, message: str, record: Mapping[str, Any]) -> Encoded:
    """Write one object in the list that the standard posts."""
    return write(root, message, record)


class _Collector:
    """One walk through one document."""

    def __init__(self, env: Environment) -> None:
        self.objects: list[Tree] = []
        self.passed: set[str] = set()
        self._env = env

    def walk(self, node: Any, carried: Tree, depth: int) -> int:
        """Collect the objects in a wrapper; return how many there were."""
        if depth > _DEEPEST:
            raise RejectedError("too_deep", f"GA/T 1400 wrappers are nested deeper than {_DEEPEST}")
        if type(node) is not dict:
            return sum(self.walk(item, carried, depth + 1) for item in node) if type(node) is list else 0
        if depth == 0 and (kind := bare_kind(node)):
            return self._take(kind, node, carried, depth)
        count = 0
        for name, value in node.items():
            if (type(value) is dict or type(value) is list) and (kind := kind_of(name)):
                for item in value if type(value) is list else (value,):
                    if type(item) is dict:
                        count += self._take(kind, item, carried, depth)
        return count

    def _take(self, kind: str, item: Tree, carried: Tree, depth: int) -> int:
        if _is_wrapper(kind, item):
            return self.walk(item, carried, depth + 1)
        if inner := _bare_items(kind, item):
            return sum(self._take(kind, one, carried, depth + 1) for one in inner)
        if kind == "ImageInfo":
            self.passed.add("Media")
            return 0
        if kind in _SKIPPED:
            self.passed.add(kind)
            return 1
        if kind in _INSIDE or kind == "Image":
            return self._open(kind, item, carried, depth)
        own = canonicalised(item)
        own.update(carried)
        return self._add(kind, own)

    def _add(self, kind: str, own: Tree) -> int:
        if not own:
            return 0
        if len(self.objects) >= _MOST:
            raise RejectedError("too_large", f"the document has more than {_MOST} objects")
        if kind == "Disposition" and "MatchObject" in own:
            kind, own = _matched(own)
        self.objects.append(complete(kind, own, self._env))
        return 1

    def _open(self, kind: str, item: Tree, carried: Tree, depth: int) -> int:
        envelope = canonicalised({name: value for name, value in item.items() if not kind_of(name)})
        if kind == "Image":
            info = next((v for k, v in item.items() if k.lower().startswith("imageinfo") and type(v) is dict), {})
            inside = {"Image": {**canonicalised(info), **envelope}}
        else:
            inside = {_INSIDE[kind]: {key: envelope[key] for key in _CARRIED[kind] if key in envelope}}
        count = self.walk(item, {**carried, **inside}, depth + 1)
        if not count and kind == "DispositionNotification":
            return self._add("MatchedObject", {**envelope, **inside})
        if not count:
            self.passed.add("Media" if kind == "Image" else "Protocol")
        return max(count, 1)


def _is_wrapper(kind: str, item: Tree) -> bool:
    """A wrapper holds objects of its own kind; an object never does."""
    for name, value in item.items():  # noqa: SIM110 - any() takes twice as long
        if (type(value) is dict or type(value) is list) and kind_of(name) == kind:
            return True
    return False


def _bare_items(kind: str, item: Tree) -> list[Tree]:
    """Return the objects in a list that calls them by their kind alone: FaceList.Face."""
    for name, value in item.items():
        if KINDS.get(name.lower()) == kind and (type(value) is list or type(value) is dict):
            return [one for one in (value if type(value) is list else [value]) if type(one) is dict]
    return []


def bare_kind(node: Tree) -> str:
    """Return the kind of an object without a wrapper, by its id."""
    return next((kind for name in node if (kind := _IDS.get(canonical(name), ""))), "")


def _matched(own: Tree) -> tuple[str, Tree]:
    """Read a disposition that reports the object it matched, as some platforms write a notification."""
    target = own.pop("MatchObject")
    subject = canonicalised(target) if type(target) is dict else {"CntObjectID": target}
    notification: Tree = {key: own.pop(key) for key in ("DispositionID", "Title") if key in own}
    if "AppearTime" in own:
        notification["TriggerTime"] = own.pop("AppearTime")
    return bare_kind(subject) or "MatchedObject", {**own, **subject, "Notification": notification}


def canonicalised(item: Tree) -> Tree:
    """Return an object's fields as the standard spells them, without those that say nothing."""
    return {
        name if name in FIELDS else canonical(name): value
        for name, value in item.items()
        if value is not None and value != ""
    }
