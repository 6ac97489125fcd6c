"""What is measured of a student beside its scores: no verb of a method."""
