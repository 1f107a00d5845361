"""Models for other programs and from them: Hugging Face folders, GGUF files, plain JSON."""
