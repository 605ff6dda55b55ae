"""Files and their content: canonical bytes, writes that nobody sees half of, text that people wrote."""
