"""Files and batches at the entrances: how they are taken in, told, and worked off."""
