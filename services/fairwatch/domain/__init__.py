"""Words of the field, in plain Python: nothing here imports anything but the standard library."""
