"""What leaves the store: a run as a folder, the card of a quantized model."""
