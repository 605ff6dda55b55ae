"""Files and their content: canonical bytes, atomic writes, text written by people."""
