"""Fairwatch: the neutral, governed interop hub for cameras, analytics and watchlists."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fairwatch.wire.producer import Producer

__all__ = ["Producer", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import the SDK only when it is asked for: most of Fairwatch does not need it."""
    if name == "Producer":
        from fairwatch.wire.producer import Producer  # noqa: PLC0415  lazily, see above

        return Producer
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
