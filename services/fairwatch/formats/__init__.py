"""Formats of makers and standards: one declaration each, read and written both ways."""
