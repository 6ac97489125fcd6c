"""Doing the work: executing runs, the worker process, its supervision, the catalog."""
