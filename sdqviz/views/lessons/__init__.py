"""Lessons for a class: their text, where their links lead, what the page and the sheet show."""
