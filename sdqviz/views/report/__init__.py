"""A run as files that open without a server."""
