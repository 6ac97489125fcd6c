"""What a packed network's output is put right by. One file each."""
