"""What a trained student takes: recorded calls, batches, losses, the trainer, the training."""
