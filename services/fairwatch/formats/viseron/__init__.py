"""Viseron."""
