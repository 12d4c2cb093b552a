"""Hikvision: ISAPI notifications."""
