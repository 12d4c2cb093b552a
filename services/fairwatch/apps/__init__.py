"""Wiring: settings, the catalogue of components, the embedded broker, the demo."""
