"""The steps of the flow: pure objects, one file each, none knows another."""
