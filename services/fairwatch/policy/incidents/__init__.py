"""Incidents: alerts that belong together in space and time."""
