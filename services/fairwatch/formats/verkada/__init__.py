"""Verkada."""
