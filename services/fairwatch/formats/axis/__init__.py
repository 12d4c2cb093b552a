"""Axis: scene metadata, events, plates, applications."""
