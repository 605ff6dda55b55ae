"""Records: what runs left, where they are kept, read, compared and packed."""
