"""The idea of dRAGon with the standard library alone: documents, BM25, quotes, and no model."""
