"""What only Hikvision needs: pictures as parts of the body, its country numbers, speeds in km/h."""

from typing import Any, Final

from fairwatch.formats.bodies.opening import Picture
from fairwatch.formats.environment import Environment
from fairwatch.formats.hikvision.shapes import TARGETS, one_shape
from fairwatch.formats.language.converters import Converter, converter
from fairwatch.formats.language.converters.pictures import reference
from fairwatch.formats.language.tables import table

_ROLES: Final[dict[str, str]] = table(__file__, "pictures")["roles"]
_REFERENCES: Final = frozenset({"contentid", "pid", "picname"})
_DIGITS: Final = "0123456789"


def prepare(root: Any, _: Environment) -> Any:
    """Return the document in the shape that the rows read."""
    return one_shape(root)


@converter("hikvision_parts")
def parts() -> Converter:
    """The pictures that came as parts of the same body: those that the item names, and those that no other item can."""

    def decode(item: Any, env: Environment) -> list[dict[str, Any]] | None:
        if not env.pictures:
            return None
        named = _references(item)
        found = [_media(one, named) for one in env.pictures if _belongs(one, named)]
        return found or None

    return Converter(decode, None, scalar=False)


def _references(item: Any) -> set[str]:
    """Return the parts that an item names, itself or in what it captured, such as contentID or pId1."""
    if type(item) is not dict:
        return set()
    named = {
        str(value)
        for name, value in item.items()
        if type(value) in {str, int} and name.rstrip(_DIGITS).lower() in _REFERENCES
    }
    return named.union(*(_references(item[name]) for name in TARGETS if name in item))


def _names(picture: Picture) -> set[str]:
    return {name for name in (picture.name, picture.filename, picture.filename.rpartition(".")[0]) if name}


def _belongs(picture: Picture, named: set[str]) -> bool:
    """A picture named by an item is that item's; a scene, or a picture of a device that names none, is everyone's."""
    return not named or bool(_names(picture) & named) or not _is_numbered(picture)


def _is_numbered(picture: Picture) -> bool:
    return any(len(name) > 16 and any(char.isdigit() for char in name) for name in _names(picture))  # noqa: PLR2004  # a picture id


def _media(picture: Picture, named: set[str]) -> dict[str, Any]:
    words = f"{picture.filename} {picture.name}".lower()
    media = reference(picture.sha256, picture.size, picture.mime)
    media["role"] = next((role for word, role in _ROLES.items() if word in words), "OTHER")
    if picture.name or picture.filename:
        media["role_code"] = {"system": "hikvision:part", "code": picture.name or picture.filename}
        media["source_id"] = min(_names(picture) & named, default=picture.filename or picture.name)
    return media
