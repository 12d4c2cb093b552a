"""Hanwha Vision: SUNAPI event states."""
