"""A pull edge: reads the endless event stream of Hikvision cameras and recorders."""
