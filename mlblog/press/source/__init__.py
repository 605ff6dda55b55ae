"""From the text of a post to its parts. Pure: nothing here runs, draws or knows a host."""
