"""Curves, bars and marks as SVG, for any page."""
