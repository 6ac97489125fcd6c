"""Module surgery on any network: plans, simulated and packed layers, time table, checkpoint."""
