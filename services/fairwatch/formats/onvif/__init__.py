"""ONVIF: events, and the scene description of analytics."""
