"""A model's thoughts on one page: what it saw in a text, drawn without a network or a library."""
