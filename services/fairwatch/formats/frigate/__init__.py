"""Frigate NVR."""
