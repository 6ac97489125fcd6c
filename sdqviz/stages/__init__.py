"""The verbs of a method. A stage is a generator of events that works on a context."""
