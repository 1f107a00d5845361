"""Plain text: where its sentences and words are, always as character offsets into the text itself."""
