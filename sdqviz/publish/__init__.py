"""What leaves this machine: the tables of measurements."""
