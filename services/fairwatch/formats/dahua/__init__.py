"""Dahua: events as text, over MQTT (doorbells), RPC and HTTP push."""
