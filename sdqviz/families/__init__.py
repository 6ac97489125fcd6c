"""Model families: how each is recognised, loaded, conditioned and decoded. One file each."""
