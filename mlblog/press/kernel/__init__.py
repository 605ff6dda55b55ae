"""Code that runs in the kernel process. The digest of this folder is part of every output key."""
