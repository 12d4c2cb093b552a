"""Ways out of the hub, and the receivers that they lead to."""
