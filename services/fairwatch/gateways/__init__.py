"""The ways in: HTTP, MQTT and GA/T 1400."""
