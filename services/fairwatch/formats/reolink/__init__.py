"""Reolink."""
