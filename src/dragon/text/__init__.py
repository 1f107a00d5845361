"""Plain text: where its sentences and words stand, as character offsets into the text itself."""
