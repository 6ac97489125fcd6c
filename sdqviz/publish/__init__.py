"""What leaves the store: a run as a folder, a quantized model's card, the measurements."""
