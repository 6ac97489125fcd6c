"""Many visitors at once, on loopback."""
