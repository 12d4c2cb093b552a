"""A subscribing edge: Frigate and ONVIF over MQTT."""
