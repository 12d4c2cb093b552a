"""Where an alert comes from: the chain from the bytes that a device sent to the last delivery."""
