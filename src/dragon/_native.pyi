"""The compiled kernels (native/): see `dragon.engine.native_body`."""
