"""The site: the vocabulary at the bottom, the composition at the top."""
