"""dRAGon: grammar in the weights, knowledge in your documents."""

__version__ = "0.1.0"
