"""What runs in the process of the cells. The digest of this folder is in the key of every output."""
