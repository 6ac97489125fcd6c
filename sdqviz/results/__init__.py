"""What a run left behind, typed: read from and written back to the JSON that the store keeps."""
