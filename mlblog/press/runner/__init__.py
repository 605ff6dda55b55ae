"""The build's side of the cells' process: start it, talk to it, end it."""
