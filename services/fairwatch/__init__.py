"""Fairwatch: the neutral, governed interop hub for cameras, analytics and watchlists."""

__version__ = "0.1.0"
