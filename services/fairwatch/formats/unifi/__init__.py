"""UniFi Protect."""
