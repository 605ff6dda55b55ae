"""Parse the text of a post. Pure: nothing here runs code, draws, or depends on a host."""
