"""The build's side of the kernel process: start it, talk to it, stop it."""
